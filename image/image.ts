/** The nouns of the image room, as plain data. */

/** A root filesystem in layers, and how a container made of it is to run. */
export interface Image {
  /** 64 hex digits: the sha256 of the image's OCI configuration, as Docker's. */
  id: string;
  /** `NAME:TAG`, in order; none once another image has taken its names over. */
  references: string[];
  /** ISO 8601. */
  created: string;
  /** Bytes of the files in all layers, uncompressed. */
  size: number;
  /** Diff ids, 64 hex digits each, the bottom layer first. */
  layers: string[];
  config: ImageConfig;
}

/** What a container of this image does unless it is told otherwise. */
export interface ImageConfig {
  cmd?: string[] | undefined;
  entrypoint?: string[] | undefined;
  /** `NAME=value`. */
  env?: string[] | undefined;
  workingDir?: string | undefined;
  /** As `-u` takes it: a name or number, and a group after a colon. */
  user?: string | undefined;
  labels?: Record<string, string> | undefined;
  /** `80/tcp`. */
  exposedPorts?: string[] | undefined;
}
