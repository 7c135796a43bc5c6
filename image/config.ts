import { createHash } from 'node:crypto';
import { arch } from 'node:os';
import type { Image, ImageConfig } from './image.ts';

/** What the store keeps of an image: its id is the sha256 of the configuration's exact text. */
export interface ImageRecord {
  /** JSON of the OCI image configuration (image-spec, config.md). */
  config: string;
  /** Bytes of the files in all layers. */
  size: number;
}

interface OciImage {
  created: string;
  architecture: string;
  os: 'linux';
  config: OciConfig;
  rootfs: { type: 'layers'; diff_ids: string[] };
  history: { created: string; created_by: string }[];
}

interface OciConfig {
  User?: string | undefined;
  ExposedPorts?: Record<string, Record<string, never>> | undefined;
  Env?: string[] | undefined;
  Entrypoint?: string[] | undefined;
  Cmd?: string[] | undefined;
  WorkingDir?: string | undefined;
  Labels?: Record<string, string> | undefined;
}

/** Go's names of processors, where Node's differ. */
const goArchitectures: Record<string, string> = { x64: 'amd64', ia32: '386' };

/** The record of a new image of these layers. */
export function describeImage(
  layers: string[],
  size: number,
  config: ImageConfig,
): { id: string; record: ImageRecord } {
  const created = new Date().toISOString();
  const image: OciImage = {
    created,
    architecture: goArchitectures[arch()] ?? arch(),
    os: 'linux',
    config: {
      User: config.user,
      ExposedPorts:
        config.exposedPorts && Object.fromEntries(config.exposedPorts.map((port) => [port, {}])),
      Env: config.env,
      Entrypoint: config.entrypoint,
      Cmd: config.cmd,
      WorkingDir: config.workingDir,
      Labels: config.labels,
    },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${layer}`) },
    history: [{ created, created_by: 'hawser image import' }],
  };
  const text = JSON.stringify(image);
  return { id: createHash('sha256').update(text).digest('hex'), record: { config: text, size } };
}

/** An image as the library tells of it. */
export function readImage(id: string, record: ImageRecord, references: string[]): Image {
  const image: OciImage = JSON.parse(record.config);
  const { config } = image;
  return {
    id,
    references,
    created: image.created,
    size: record.size,
    layers: layersOf(record),
    config: {
      cmd: config.Cmd,
      entrypoint: config.Entrypoint,
      env: config.Env,
      workingDir: config.WorkingDir,
      user: config.User,
      labels: config.Labels,
      exposedPorts: config.ExposedPorts && Object.keys(config.ExposedPorts),
    },
  };
}

/** The diff ids of an image's layers, the bottom one first. */
export function layersOf(record: ImageRecord): string[] {
  const image: OciImage = JSON.parse(record.config);
  return image.rootfs.diff_ids.map((digest) => digest.slice('sha256:'.length));
}
