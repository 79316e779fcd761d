/**
 * The floors of packages/kurir/src (docs/architecture.md): a room imports rooms on lower floors only.
 * Rooms of one floor may not import each other, except where `sameFloor` says so.
 */
const floors = [
  ['errors'],
  ['logger', 'proto', 'crypto', 'binary'],
  ['noise', 'signal', 'media', 'events', 'usync', 'groups', 'communities', 'newsletters', 'business', 'calls', 'privacy', 'profile', 'chats'],
  ['auth', 'pairing', 'messages', 'history', 'app-state'],
  ['socket'],
  ['services'],
]
/** Allowed imports inside a floor: [from, to]. */
const sameFloor = [['groups', 'chats'], ['pairing', 'auth'], ['messages', 'auth'], ['history', 'messages'], ['app-state', 'auth']]

const src = room => `^packages/kurir/src/${room}/`
const upward = floors.flatMap((rooms, level) =>
  rooms.map(room => {
    const forbidden = floors.slice(level + 1).flat()
    const siblings = rooms.filter(other => other !== room && !sameFloor.some(([a, b]) => a === room && b === other))
    return {
      name: `floor-of-${room}`,
      severity: 'error',
      comment: `${room} is on floor ${level}: it may import lower floors only`,
      from: { path: src(room) },
      to: {
        path: [...forbidden, ...siblings].map(src),
        // The event map names payload types of every room; types vanish at run time (docs/decisions).
        ...(room === 'events' ? { dependencyTypesNot: ['type-only'] } : {}),
      },
    }
  }),
)

module.exports = {
  forbidden: [
    ...upward,
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'library-imports-nothing-of-ours', severity: 'error', from: { path: '^packages/kurir/' }, to: { path: '^packages/(?!kurir/)' } },
    {
      name: 'simulator-imports-protocol-rooms-only',
      severity: 'error',
      comment: 'the simulator plays the service: it must not lean on the socket layers it is there to test',
      from: { path: '^packages/simulator/src', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/kurir/src/(socket|services|index\\.ts)' },
    },
    { name: 'index-is-for-outsiders', severity: 'error', from: { path: '^packages/kurir/src/.+/', pathNot: '\\.test\\.ts$' }, to: { path: '^packages/kurir/src/index\\.ts$' } },
    { name: 'no-tests-in-source', severity: 'error', from: { pathNot: '\\.test\\.ts$' }, to: { path: '\\.test\\.ts$' } },
    { name: 'not-to-dev-dependency', severity: 'error', from: { path: '^packages/[^/]+/src', pathNot: '\\.test\\.ts$' }, to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['/dist/', '/generated/', 'packages/[^/]+/scripts/'] },
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['kurir-source', 'import', 'node', 'default'], extensions: ['.ts', '.js', '.d.ts'], extensionAlias: { '.js': ['.ts', '.js'] } },
  },
}
