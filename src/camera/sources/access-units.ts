import { beginsPicture, joinNals, nalType, nalTypes, splitNals } from '../../peer/index.ts';

export interface AccessUnit {
  readonly key: boolean;
  readonly data: Buffer;
}

/** Cuts a whole Annex B stream into pictures (ITU-T H.264 section 7.4.1.2.3). What belongs to no picture is left out. */
export function splitAccessUnits(stream: Buffer): AccessUnit[] {
  const units: AccessUnit[] = [];
  let nals: Buffer[] = [];
  let hasPicture = false;
  const finish = () => {
    if (hasPicture) units.push({ key: nals.some((nal) => nalType(nal) === nalTypes.idr), data: joinNals(nals) });
    if (hasPicture) nals = [];
    hasPicture = false;
  };
  for (const nal of splitNals(stream)) {
    const type = nalType(nal);
    const isSlice = type >= nalTypes.slice && type <= nalTypes.idr;
    if (isSlice ? hasPicture && beginsPicture(nal) : hasPicture && type <= nalTypes.delimiter) finish();
    nals.push(nal);
    hasPicture ||= isSlice;
  }
  finish();
  return units;
}
