/** Ways to spoil valid inputs. All of them draw from the given generator only. */

const INTERESTING_BYTES = [
  0x00, 0x01, 0x02, 0x05, 0x0a, 0x10, 0x7f, 0x80, 0x81, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfe, 0xff,
]
const INTERESTING_TEXTS = [
  '',
  '0',
  '-1',
  '1e999',
  'NaN',
  'undefined',
  '99999999999999999999999',
  '4294967296',
  '0x10',
  '@',
  '@@',
  ':',
  '1:2:3@lid',
  '1:256@s.whatsapp.net',
  '1_129:7@s.whatsapp.net',
  'x@g.us',
  'status@broadcast',
  '1@newsletter',
  '1@bot',
  '1@hosted.lid',
  's.whatsapp.net',
  '__proto__',
  'constructor',
  'toString',
  '\u0000',
  '\ud800',
  '😀',
  'a'.repeat(5000),
]

/** Spoils bytes in one to four places, cuts them, or makes up others. Seldom leaves them as they are. */
export function mutateBytes(random, valid, others = []) {
  const kind = random.below(20)
  if (kind === 0) return random.bytes(random.below(400))
  if (kind === 1) return Buffer.from(valid.subarray(0, random.below(valid.length + 1)))
  let bytes = Buffer.from(valid)
  for (let times = 1 + random.below(4); times > 0; times -= 1) bytes = mutateOnce(random, bytes, others)
  return bytes
}

function mutateOnce(random, bytes, others) {
  if (bytes.length === 0) return random.bytes(1 + random.below(16))
  const at = random.below(bytes.length)
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
      bytes[at] ^= 1 << random.below(8)
      return bytes
    case 3:
    case 4:
      bytes[at] = random.pick(INTERESTING_BYTES)
      return bytes
    case 5:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(12)), bytes.subarray(at)])
    case 6:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + random.below(12)))])
    case 7: {
      const end = Math.min(bytes.length, at + 1 + random.below(40))
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at, end), bytes.subarray(end)])
    }
    case 8: {
      const value = random.pick([0, 1, 0x7fffffff, 0x80000000, 0xffffffff, random.uint32()])
      const length = Math.min(4, bytes.length - at)
      Buffer.from(Uint32Array.of(value).buffer).copy(bytes, at, 0, length)
      return bytes
    }
    default: {
      if (others.length === 0) return bytes
      const other = random.pick(others)
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random.below(other.length + 1))])
    }
  }
}

/** Spoils text as UTF-8 bytes. */
export function mutateText(random, valid) {
  if (random.chance(0.05)) return random.pick(INTERESTING_TEXTS)
  return mutateBytes(random, Buffer.from(valid)).toString()
}

/** Spoils a tree of nodes in one to three places; the original is not changed. */
export function mutateNode(random, valid) {
  const tree = structuredClone(valid)
  for (let times = 1 + random.below(3); times > 0; times -= 1) {
    const nodes = []
    collect(tree, nodes)
    mutateOneNode(random, random.pick(nodes), nodes)
  }
  return tree
}

function collect(node, nodes) {
  nodes.push(node)
  if (Array.isArray(node.content)) for (const child of node.content) collect(child, nodes)
}

function mutateOneNode(random, node, nodes) {
  const names = Object.keys(node.attrs)
  const children = Array.isArray(node.content) ? node.content : []
  switch (random.below(11)) {
    case 0:
      if (names.length > 0) delete node.attrs[random.pick(names)]
      return
    case 1:
    case 2:
    case 3:
      if (names.length > 0) node.attrs[random.pick(names)] = weirdText(random, node.attrs[random.pick(names)])
      return
    case 4:
      node.attrs[random.pick(['type', 'id', 'from', 'participant', 'recipient', 'count', 'offline', 'jid', 'lid'])] =
        weirdText(random, '1')
      return
    case 5:
      if (children.length > 0) children.splice(random.below(children.length), 1)
      return
    case 6:
      if (children.length > 0 && children.length < 64) {
        children.splice(random.below(children.length + 1), 0, structuredClone(random.pick(children)))
      }
      return
    case 7:
      node.tag = random.chance(0.5) ? random.pick(nodes).tag : random.pick(['enc', 'item', 'error', 'list', 'user', ''])
      return
    case 8:
      node.content = weirdContent(random, node.content)
      return
    case 9:
      if (node.content instanceof Uint8Array) node.content = mutateBytes(random, Buffer.from(node.content))
      return
    default: {
      const other = structuredClone(random.pick(nodes))
      // A tree that contains itself would grow with every round.
      if (JSON.stringify(other).length < 20_000) node.content = [...children, other]
    }
  }
}

function weirdText(random, valid = '') {
  return random.chance(0.6) ? random.pick(INTERESTING_TEXTS) : mutateText(random, valid)
}

function weirdContent(random, content) {
  switch (random.below(6)) {
    case 0:
      return undefined
    case 1:
      return []
    case 2:
      return random.pick(INTERESTING_TEXTS)
    case 3:
      return random.bytes(random.below(80))
    case 4:
      return [{ tag: 'x', attrs: {} }]
    default:
      return content instanceof Uint8Array ? Buffer.from(content).toString('latin1') : Buffer.alloc(0)
  }
}
