/** Numbers by name, and such records by name. */
type Numbers = { readonly [name: string]: number | Numbers };

/** The sum of records of the same shape, number by number. At least one. */
export function sumOf<Record>(records: readonly Record[]): Record {
  const [first, ...others] = records;
  if (first === undefined) throw new TypeError('There is nothing to add up.');
  return others.reduce((sum, other) => add(sum as Numbers, other as Numbers) as Record, first);
}

function add(one: Numbers, other: Numbers): Numbers {
  return Object.fromEntries(
    Object.entries(one).map(([name, value]) => {
      const more = other[name];
      if (typeof value === 'number') return [name, value + (typeof more === 'number' ? more : 0)];
      return [name, typeof more === 'object' ? add(value, more) : value];
    }),
  );
}
