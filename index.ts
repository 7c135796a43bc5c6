export { type ErrorCode, HawserError } from './errors.ts';
