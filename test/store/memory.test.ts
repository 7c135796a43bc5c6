import { memoryStore } from '../../store/memory.ts';
import { storeConformance } from './conformance.ts';

storeConformance('memory', memoryStore, () => {});
