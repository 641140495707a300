import { z } from 'zod';
import { limits, Redacted } from '../base/index.ts';

const port = z.number().int().min(0).max(65_535);
const file = z.string().min(1);
const bitsPerSecond = z.number().int().min(10_000).max(limits.policedBitsPerSecondMax);
const packetsPerSecond = z.number().int().min(10).max(limits.policedPacketsPerSecondMax);
const perMinute = z.number().min(1).max(limits.ratePerMinuteMax).nullable();
const burst = z.number().int().min(1).max(limits.ratePerMinuteMax);
const drainSeconds = z.number().int().min(0).max(limits.drainSecondsMax);
const algorithm = z.enum(['EdDSA', 'ES256', 'RS256', 'PS256']);

const keys = z.union(
  [
    z.strictObject({ jwksUrl: z.url({ protocol: /^https?$/ }) }),
    z.strictObject({ jwksFile: file }),
    z.strictObject({ pemFile: file, algorithm }),
  ],
  {
    error:
      'must be {"jwksUrl": "https://…"}, {"jwksFile": "keys.json"} or {"pemFile": "key.pem", "algorithm": "EdDSA"} ' +
      '(or ES256, RS256, PS256)',
  },
);

const secret = z.union(
  [
    z.strictObject({ file }),
    z.strictObject({
      environment: z
        .string()
        .regex(/^(?!LATCHKEY_)[A-Za-z_]\w*$/, 'must be the name of a variable that does not begin with LATCHKEY_'),
    }),
  ],
  { error: 'must be {"file": "secret"} or {"environment": "NAME_OF_A_VARIABLE"}' },
);

const redisUrl = z.string().refine(isRedisUrl, {
  error:
    'must be redis://host:port or rediss://host:port, with a user@ where there is one, and no password or database',
});

const sharedCache = z.strictObject({
  url: redisUrl,
  keys: secret,
  password: secret.optional(),
  caFile: file.optional(),
});

const issuer = z.strictObject({
  issuer: z.string().min(1).describe('The `iss` of its tokens, compared whole'),
  namespace: z
    .string()
    .min(1)
    .max(64)
    .regex(/[:@|]$/, 'must end in : @ or |')
    .optional()
    .describe(
      'Goes before each `sub`, so that two issuers’ people never meet; ends in `:`, `@` or `|`; needed where there are several',
    ),
  mints: z
    .array(z.enum(['viewer', 'camera']))
    .min(1)
    .optional()
    .describe('Which kinds of token this issuer may make; both, when left out'),
  keys: keys.describe('`{"jwksUrl": …}`, `{"jwksFile": …}` or `{"pemFile": …, "algorithm": …}`'),
});

const deviceName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:@|-]*$/, 'no device id');
const switchPosition = z.union([
  z.enum(['on', 'off']),
  z.strictObject({
    offFor: z
      .strictObject({
        prefixes: z
          .array(
            deviceName.regex(/[._:@|-]$/, 'a prefix ends with one of . _ : @ | -; name a single device in `devices`'),
          )
          .max(limits.switchPrefixesMax)
          .optional(),
        devices: z.array(deviceName.max(limits.deviceIdCharactersMax)).max(limits.switchDevicesMax).optional(),
        listFile: file.optional(),
      })
      .refine(
        ({ prefixes = [], devices = [], listFile }) => listFile !== undefined || prefixes.length + devices.length > 0,
        {
          error: 'names nobody: say "on"',
        },
      ),
  }),
]);

/** Every setting, with its bounds and its meaning. Unknown keys are refused. Relative paths start at the working directory. */
export const settingsSchema = z.strictObject({
  mode: z
    .enum(['production', 'development'])
    .describe('The development issuer and the demo run in `development` alone'),
  dataDirectory: file.describe('Where the relay keeps its database and its keys'),
  http: z.strictObject({
    host: z.string().min(1).describe('Address to listen on; `::` is every address, IPv4 and IPv6'),
    port: port.describe('TCP port of HTTP and WebSocket; 0 lets the system choose'),
    server: z
      .enum(['auto', 'uws', 'ws'])
      .describe('uWebSockets.js, ws, or whichever is the faster one that loads here'),
    tls: z
      .strictObject({ certificateFile: file, keyFile: file })
      .nullable()
      .describe('PEM files; `null` serves plain HTTP, for loopback or behind a proxy that ends TLS'),
    connectionsMax: z.number().int().min(1).max(limits.connectionsMax).describe('Open TCP connections; more get 503'),
    trustedProxies: z
      .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]))
      .max(limits.trustedProxiesMax)
      .describe(
        'Addresses and networks of proxies whose `X-Forwarded-For` is believed, such as `127.0.0.1` and `10.0.0.0/8`',
      ),
  }),
  admission: z.strictObject({
    verificationsMax: z
      .number()
      .int()
      .min(1)
      .max(limits.verificationsInFlightMax)
      .describe('Tokens that are verified at once; the others wait for their turn, viewers before cameras'),
    waitingMax: z
      .number()
      .int()
      .min(1)
      .max(limits.verificationsWaitingMax)
      .describe('How many viewers may wait for their turn, and how many cameras; more get 503 with `Retry-After`'),
    lagMsMax: z
      .number()
      .int()
      .min(10)
      .max(10_000)
      .describe(
        'While the event loop is later than that, new cameras get 503; at twice as much, new viewers too. A camera with a good reconnect ticket is let in all the same',
      ),
    attempts: z.strictObject({
      perMinute: perMinute.describe(
        'How often one address may ask for what has to be verified (IPv6: one /64); `null`: as often as it likes',
      ),
      burst: burst.describe('How often at once'),
    }),
    failures: z.strictObject({
      perMinute: perMinute.describe(
        'How many refused tokens one address may bring before it has to wait; `null`: as many as it likes',
      ),
      burst: burst.describe('How many at once'),
    }),
    registrations: z.strictObject({
      perMinute: perMinute.describe(
        'How often one camera may register, so that two with one token, or one that crashes again and again, slow down; `null`: always',
      ),
      burst: burst.describe('How often at once'),
    }),
  }),
  relay: z.strictObject({
    host: z.string().min(1).describe('Address of the media ports; `::` is every address, IPv4 and IPv6'),
    interface: z
      .string()
      .regex(/^[^\s/]{1,15}$/, 'must be the name of a network interface')
      .nullable()
      .describe('Serve one network interface alone, such as `eth1`; `null`: all (Linux)'),
    port: port.describe('The UDP port of media; with several workers the first of theirs, one after the other'),
    tcpPort: z
      .union([z.literal('same'), z.literal('off'), port])
      .describe(
        'TCP port for viewers whose network blocks UDP: `same` number as `port`, `off`, or one of its own, such as 443',
      ),
    workers: z
      .number()
      .int()
      .min(1)
      .max(limits.workersMax)
      .describe('Threads that move media, each with a UDP port of its own'),
    udp: z
      .enum(['auto', 'batched', 'dgram'])
      .describe('Many datagrams to a system call, `node:dgram`, or whichever is the faster one that can be had here'),
    announced: z
      .array(z.union([z.ipv4(), z.ipv6(), z.string().regex(/^(\[[\da-fA-F:.]+\]|[\d.]+):\d{1,5}$/)]))
      .max(limits.announcedAddressesMax)
      .describe(
        'Where clients are told to go, as `address` or `address:port`; empty: the addresses of this machine. Behind a NAT name the one outside, and the one inside too',
      ),
    rates: z.strictObject({
      sideBitsPerSecondMax: bitsPerSecond.describe('What one side of a live view may send, in bits per second'),
      sidePacketsPerSecondMax: packetsPerSecond.describe('The same in datagrams per second'),
      sessionBitsPerSecondMax: bitsPerSecond.describe('What both sides may send together, in bits per second'),
      sessionPacketsPerSecondMax: packetsPerSecond.describe('The same in datagrams per second'),
    }),
  }),
  operations: z.strictObject({
    host: z
      .string()
      .min(1)
      .describe('Address of `/metrics`, `/healthz` and `/readyz`; loopback unless you say otherwise'),
    port: port.describe('TCP port of the same'),
  }),
  admin: z.strictObject({
    host: z
      .string()
      .min(1)
      .describe('Address of the admin API and the status page; loopback unless you say otherwise, and then with `tls`'),
    port: port.describe('TCP port of the same'),
    tokenFile: file
      .nullable()
      .describe(
        'File of credentials, one `name:token` on each line; `null`: one that the relay makes, in `admin-token` in the data directory',
      ),
    tls: z
      .strictObject({ certificateFile: file, keyFile: file })
      .nullable()
      .describe('PEM files; `null` serves plain HTTP, on loopback alone'),
    names: z
      .array(z.hostname())
      .max(limits.adminNamesMax)
      .describe('Host names that it goes by, beside `localhost` and addresses'),
  }),
  identity: z.strictObject({
    audiences: z.strictObject({
      viewer: z.string().min(1).describe('The `aud` of a viewer’s token'),
      camera: z.string().min(1).describe('The `aud` of a camera’s token'),
    }),
    algorithms: z.array(algorithm).min(1).describe('Signature algorithms that are taken'),
    clockToleranceSeconds: z.number().int().min(0).max(300).describe('How far an issuer’s clock may be off'),
    tokenLifetimeSecondsMax: z.number().int().min(60).max(31_536_000).describe('A token that lives longer is refused'),
    tickets: z.strictObject({
      enabled: z.boolean().describe('Give cameras a ticket to come back with, which costs microseconds to verify'),
      lifetimeSecondsMax: z
        .number()
        .int()
        .min(60)
        .max(604_800)
        .describe('How long a ticket is good; never longer than the token behind it'),
      rotateSeconds: z
        .number()
        .int()
        .min(60)
        .max(604_800)
        .describe('How often the relay changes the key in its data directory; at least the lifetime'),
      keysFile: file.nullable().describe('File of keys that several relays share; `null`: one in the data directory'),
      keys: z
        .array(z.string().transform((text) => new Redacted(text)))
        .max(limits.ticketKeysMax)
        .describe('The same lines, for the environment: a JSON list; empty: as `keysFile` says'),
    }),
    issuers: z.array(issuer).max(limits.issuersMax).describe('Who may sign tokens; see below'),
    developmentIssuer: z
      .boolean()
      .describe('Makes a key of its own and takes the tokens of `latchkey token`; refused in production'),
  }),
  ownership: z.strictObject({
    source: z
      .enum(['none', 'sqlite', 'postgres', 'http', 'claims'])
      .describe(
        'Who knows who owns what: a database, a service of your own, or the viewer’s token; `none` refuses everyone',
      ),
    file: file.nullable().describe('The SQLite file; `null`: `ownership.sqlite` in the data directory'),
    postgres: z.strictObject({
      host: z.string().min(1).describe('The server of PostgreSQL, or the folder of its Unix socket'),
      port: port.min(1).describe('Its TCP port'),
      database: z.string().min(1).describe('The database that has the schema of `latchkey own schema`'),
      user: z.string().min(1).describe('Whom the relay signs in as'),
      passwordFile: file
        .nullable()
        .describe('A file with the password; `null`: `LATCHKEY_POSTGRES_PASSWORD`, where that is set'),
      tls: z
        .enum(['verify', 'off'])
        .describe(
          '`verify` checks the server’s certificate and its name; `off` is for this machine and networks of your own',
        ),
      caFile: file.nullable().describe('PEM certificates to check it against; `null`: those of the platform'),
      connectionsMax: z
        .number()
        .int()
        .min(1)
        .max(limits.postgresConnectionsMax)
        .describe('Connections for questions; one more listens'),
    }),
    http: z.strictObject({
      url: z
        .url({ protocol: /^https?$/ })
        .nullable()
        .describe('Your own service; https, or http on this machine'),
      keyFile: file
        .nullable()
        .describe('A file with the shared keys, one on each line; `null`: `LATCHKEY_SERVICE_KEYS`, where that is set'),
      caFile: file.nullable().describe('PEM certificates to check it against; `null`: those of the platform'),
      connectionsMax: z.number().int().min(1).max(limits.serviceQuestionsAtOnceMax).describe('Questions at once'),
    }),
    cache: z.strictObject({
      entriesMax: z.number().int().min(1).max(limits.cacheEntriesMax).describe('Answers remembered'),
      grantMsMax: z.number().int().min(1).max(300_000).describe('How long a yes is remembered, in milliseconds'),
      refusalMsMax: z.number().int().min(0).max(300_000).describe('How long a no is; at most as long as a yes'),
      shared: sharedCache
        .nullable()
        .describe(
          'Redis or Valkey, where relays remember answers for each other; `null`: none. `{"url": …, "keys": …}`; see below',
        ),
    }),
  }),
  sessions: z.strictObject({
    lifetimeSecondsMax: z
      .number()
      .int()
      .min(10)
      .max(604_800)
      .describe('The longest live view, however long its token lives'),
    idleSecondsMax: z
      .number()
      .int()
      .min(10)
      .max(604_800)
      .nullable()
      .describe('A live view ends for which the camera has sent no media (RTP) for so long; `null`: none does'),
    perDeviceMax: z.number().int().min(1).max(limits.sessionsPerDeviceMax).describe('Live views of one camera at once'),
    perSubjectMax: z
      .number()
      .int()
      .min(1)
      .max(limits.sessionsPerSubjectMax)
      .describe('Live views of one person at once'),
  }),
  switches: z.strictObject({
    'live-view': switchPosition.describe(
      '`on`, `off`, or `{"offFor": {"prefixes": […], "devices": […], "listFile": …}}`: whether live views open and go on',
    ),
    sharing: switchPosition.describe('The same for those who are no owners'),
    registration: switchPosition.describe('Whether cameras register, and stay'),
    whep: switchPosition.describe('Whether live views open by WHEP, and go on'),
    tickets: switchPosition.describe('Whether cameras are given tickets, and come back by them'),
  }),
  audit: z.strictObject({
    enabled: z.boolean().describe('Keep a record of who saw what, in the data directory'),
    required: z
      .boolean()
      .describe(
        'While the record cannot be written, nothing new is shown; `false`: it is, and the record says that some is missing',
      ),
    namesDays: z
      .number()
      .int()
      .min(1)
      .max(36_500)
      .nullable()
      .describe('After so many days the record forgets names and keeps the rest; `null`: it keeps them'),
    retentionDays: z
      .number()
      .int()
      .min(1)
      .max(36_500)
      .nullable()
      .describe('After so many days its oldest records go; `null`: none does'),
  }),
  drain: z.strictObject({
    leadSeconds: drainSeconds.describe(
      'How long `/readyz` says `draining` while everything still goes on: as long as a balancer takes to notice',
    ),
    overSeconds: drainSeconds
      .min(1)
      .describe(
        'Over how long cameras and viewers are told to move, evenly: as fast as the other relays can take them',
      ),
    sessionsSecondsMax: drainSeconds.describe('How long live views may go on before they are told to move, too'),
    totalSecondsMax: drainSeconds
      .min(1)
      .describe('After that whoever is left is told at once; at least the sum of the other three'),
  }),
  telemetry: z.strictObject({
    logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).describe('The least that is logged'),
  }),
  tracing: z.strictObject({
    endpoint: z
      .url({ protocol: /^https?$/ })
      .nullable()
      .describe('Where spans go, by OTLP over HTTP, such as `http://localhost:4318/v1/traces`; `null`: nowhere'),
    sampleRatio: z.number().min(0).max(1).describe('Which part of the requests is traced, such as 0.01'),
  }),
  demo: z.boolean().describe('Two households with four cameras, and sign-in links on the page; in `development` alone'),
});

function isRedisUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, password, pathname, search, hash } = new URL(text);
  const rest = [password, search, hash, pathname === '/' ? '' : pathname];
  return ['redis:', 'rediss:'].includes(protocol) && hostname !== '' && rest.every((part) => part === '');
}

export type Settings = z.infer<typeof settingsSchema>;
