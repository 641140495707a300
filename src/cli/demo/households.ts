import type { Role } from '../../ownership/index.ts';

/** The people and cameras of the demo. Cameras' clips lie in `config/demo`. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly household: string;
  /** What this person may see, in words. */
  readonly note: string;
}

export interface DemoCamera {
  readonly id: string;
  readonly name: string;
  readonly household: string;
}

export const people: readonly Person[] = [
  { id: 'alice', name: 'Alice', household: 'Maple', note: 'owns both cameras of the Maple household' },
  { id: 'ben', name: 'Ben', household: 'Maple', note: 'a guest: Alice shares her front door with him' },
  { id: 'chloe', name: 'Chloe', household: 'Harbour', note: 'owns both cameras of the Harbour household' },
  { id: 'dan', name: 'Dan', household: 'nobody’s', note: 'a stranger: signed in, and owns nothing' },
];

export const cameras: readonly DemoCamera[] = [
  { id: 'maple-front-door', name: 'Front door', household: 'Maple' },
  { id: 'maple-garden', name: 'Garden', household: 'Maple' },
  { id: 'harbour-driveway', name: 'Driveway', household: 'Harbour' },
  { id: 'harbour-nursery', name: 'Nursery', household: 'Harbour' },
];

export const grants: readonly { subject: string; device: string; role: Role }[] = [
  { subject: 'alice', device: 'maple-front-door', role: 'owner' },
  { subject: 'alice', device: 'maple-garden', role: 'owner' },
  { subject: 'ben', device: 'maple-front-door', role: 'viewer' },
  { subject: 'chloe', device: 'harbour-driveway', role: 'owner' },
  { subject: 'chloe', device: 'harbour-nursery', role: 'owner' },
];
