/** Passes any value off as a proof, as code would that went wrong: only the check at run time is left to refuse it. */
export function disguised<Proof>(value: unknown): Proof {
  return value as Proof;
}

/** What somebody could take for a proof who does not look closely: copies, costumes and puppets of a real one. */
export function forgeriesOf<Proof extends object>(proof: Proof): { name: string; forged: Proof }[] {
  const descriptors = Object.getOwnPropertyDescriptors(proof);
  const prototype: object = Object.getPrototypeOf(proof);
  const forgeries: { name: string; forged: unknown }[] = [
    { name: 'nothing', forged: undefined },
    { name: 'null', forged: null },
    { name: 'true', forged: true },
    { name: 'a text', forged: 'proof' },
    { name: 'a function', forged: () => proof },
    { name: 'a literal with all its members', forged: { ...proof } },
    { name: 'an object of its class', forged: Object.create(prototype) },
    { name: 'an object of its class with all its members', forged: Object.create(prototype, descriptors) },
    { name: 'a child of it', forged: Object.create(proof) },
    { name: 'an object that took its class on later', forged: Object.setPrototypeOf({ ...proof }, prototype) },
    { name: 'a proxy before it', forged: new Proxy(proof, {}) },
    { name: 'a proxy that has everything', forged: new Proxy(proof, { has: () => true, get: () => true }) },
    { name: 'its structured clone', forged: structuredClone(proof) },
    { name: 'what JSON makes of its members', forged: JSON.parse(JSON.stringify({ ...proof })) },
    { name: 'its class', forged: proof.constructor },
    { name: 'its prototype', forged: prototype },
    { name: 'an object that says so itself', forged: { ...proof, minted: true, '#minted': true } },
  ];
  return forgeries.map(({ name, forged }) => ({ name, forged: disguised(forged) }));
}
