/**
 * Both the sources and their compiled form are read: sources show every import, types included; the compiled form shows
 * what is loaded at run time, where there may be no cycle at all.
 *
 * The floors of packages/kurir/src (docs/architecture.md): a room imports rooms on lower floors only.
 * Rooms of one floor may not import each other, except where `sameFloor` says so.
 */
const floors = [
  ['errors'],
  ['logger', 'time', 'compatibility', 'proto', 'crypto', 'binary', 'egress'],
  [
    'noise',
    'signal',
    'media',
    'events',
    'usync',
    'mex',
    'groups',
    'communities',
    'newsletters',
    'business',
    'calls',
    'privacy',
    'profile',
    'chats',
  ],
  ['auth', 'pairing', 'messages', 'history', 'app-state'],
  ['socket'],
  ['services'],
]
/** Allowed imports inside a floor: [from, to]. */
const sameFloor = [
  ['business', 'media'],
  ['business', 'usync'],
  ['groups', 'chats'],
  ['newsletters', 'chats'],
  ['newsletters', 'mex'],
  ['profile', 'chats'],
  ['profile', 'mex'],
  ['communities', 'groups'],
  ['pairing', 'auth'],
  ['messages', 'auth'],
  ['history', 'messages'],
  ['app-state', 'auth'],
]

const room = name => `^packages/kurir/(src|dist)/${name}/`
/** The event map names payload types of every room: only what it loads at run time counts (docs/decisions/0003). */
const from = name => (name === 'events' ? '^packages/kurir/dist/events/' : room(name))
const upward = floors.flatMap((rooms, level) =>
  rooms.flatMap(name => {
    const forbidden = floors.slice(level + 1).flat()
    const siblings = rooms.filter(other => other !== name && !sameFloor.some(([a, b]) => a === name && b === other))
    // Alone on the top floor, a room may import everything; an empty list would forbid everything.
    if (forbidden.length + siblings.length === 0) return []
    return {
      name: `floor-of-${name}`,
      severity: 'error',
      comment: `${name} is on floor ${level}: it may import lower floors only`,
      from: { path: from(name) },
      to: { path: [...forbidden, ...siblings].map(room) },
    }
  }),
)

module.exports = {
  forbidden: [
    ...upward,
    { name: 'no-cycles', severity: 'error', from: { path: '/dist/' }, to: { circular: true } },
    {
      name: 'library-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^packages/kurir/' },
      to: { path: '^packages/(?!kurir/)' },
    },
    {
      name: 'simulator-imports-protocol-rooms-only',
      severity: 'error',
      comment: 'the simulator plays the service: it must not lean on the socket layers it is there to test',
      from: { path: '^packages/simulator/src', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/kurir/(src|dist)/(socket|services|index\\.)' },
    },
    {
      name: 'store-imports-the-library-only',
      severity: 'error',
      from: { path: '^packages/store/(src|dist)' },
      to: { path: '^packages/(?!kurir/|store/)' },
    },
    {
      name: 'remote-is-light',
      severity: 'error',
      comment: 'a program in socket mode loads neither the library nor the gateway: types, and rooms of floors 0 and 1',
      from: { path: '^packages/remote/dist' },
      to: {
        path: [
          '^packages/kurir/(dist/index\\.|dist/bundle/index\\.|src/(auth|messages|socket|services)/)',
          '^packages/(gateway|store)/',
        ],
      },
    },
    {
      name: 'gateway-leans-on-the-wire',
      severity: 'error',
      comment: "of @kurir/remote the gateway's server uses what travels; only the client entry attaches programs",
      from: { path: '^packages/gateway/src', pathNot: ['\\.test\\.ts$', '^packages/gateway/src/client/'] },
      to: { path: '^packages/remote/(src|dist)/(client|index\\.)' },
    },
    {
      name: 'index-is-for-outsiders',
      severity: 'error',
      from: { path: '^packages/kurir/(src|dist)/.+/', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/kurir/(src|dist)/index\\.' },
    },
    {
      name: 'no-tests-in-source',
      severity: 'error',
      from: { pathNot: '\\.test\\.ts$' },
      to: { path: '\\.test\\.ts$' },
    },
    {
      name: 'not-to-dev-dependency',
      severity: 'error',
      from: { path: '^packages/[^/]+/src', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['\\.d\\.ts$', '/dist/bundle/', '/generated/', 'packages/[^/]+/scripts/', 'tests/fixtures'] },
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['kurir-source', 'import', 'node', 'default'],
      extensions: ['.ts', '.js', '.d.ts'],
    },
  },
}
