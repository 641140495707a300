/** One instruction of a Dockerfile. */
export interface Instruction {
  /** Upper case. */
  readonly name: string;
  /** What follows, with continued lines joined by a space. */
  readonly text: string;
}

/** One `FROM` and what follows it. */
export interface Stage {
  readonly image: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

/** Reads a Dockerfile without here-documents, whose first instruction is `FROM`. Throws a TypeError for any other. */
export function readDockerfile(text: string): Stage[] {
  const stages: { image: string; name: string | undefined; instructions: Instruction[] }[] = [];
  for (const instruction of instructionsOf(text)) {
    if (instruction.name === 'FROM') {
      const [, image = '', name] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(instruction.text) ?? [];
      if (image === '') throw new TypeError(`FROM cannot be read: ${instruction.text}`);
      stages.push({ image, name, instructions: [] });
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined) throw new TypeError(`${instruction.name} stands before the first FROM`);
    stage.instructions.push(instruction);
  }
  return stages;
}

/** The texts of all instructions of that name, in order. */
export function textsOf(stage: Stage, name: string): string[] {
  return stage.instructions.filter((instruction) => instruction.name === name).map((instruction) => instruction.text);
}

/** The parameters of an instruction in exec form. Throws where it is in shell form. */
export function execForm(text: string): string[] {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'string')) {
    throw new TypeError(`not in exec form: ${text}`);
  }
  return value;
}

/** Whether a .dockerignore keeps a path out of the build (patterns of whole names, `*`, `**` and `!`; the last that fits decides). */
export function isIgnored(ignoreFile: string, path: string): boolean {
  let ignored = false;
  for (const line of ignoreFile.split('\n').map((each) => each.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    const pattern = line.replace(/^!/, '');
    if (fits(pattern, path)) ignored = !line.startsWith('!');
  }
  return ignored;
}

function instructionsOf(text: string): Instruction[] {
  const lines = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
    .replace(/\s*\\\n\s*/g, ' ')
    .split('\n');
  return lines
    .map((line) => /^\s*(\w+)\s+(.*?)\s*$/.exec(line))
    .filter((found) => found !== null)
    .map(([, name = '', rest = '']) => ({ name: name.toUpperCase(), text: rest }));
}

/** A pattern fits a path and everything below it. */
function fits(pattern: string, path: string): boolean {
  const expression = pattern
    .split('/')
    .map((part) =>
      part === '**' ? '(?:.*/)?' : `${part.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')}/`,
    )
    .join('');
  return new RegExp(`^${expression}`).test(`${path}/`);
}
