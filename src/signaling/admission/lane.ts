/**
 * Where a request waits. `viewer`: someone who wants to watch, and whoever is connected already. `camera`: registrations, and whatever does not
 * say what it is.
 */
export type Lane = 'viewer' | 'camera';

export const lanes: readonly Lane[] = ['viewer', 'camera'];
