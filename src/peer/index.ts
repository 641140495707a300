export { codecParameters, type VideoCodec, videoCodecOf, videoCodecs } from './codecs.ts';
export type DropReason = 'source';
