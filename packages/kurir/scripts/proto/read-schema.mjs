/** Reads the .proto files with protobufjs' parser and flattens them to the lists that the emitters work on. */
import protobuf from 'protobufjs'

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {number} id
 * @property {string} type scalar type, or 'message', 'enum', 'map'
 * @property {number | undefined} reference index of the message or enum
 * @property {boolean} repeated
 * @property {boolean} packed
 * @property {string | undefined} oneof
 * @property {boolean} hasDefault the schema states a default: the prototype carries it instead of null
 * @property {string | number | boolean | undefined} default
 * @property {string | undefined} keyType of a map
 * @property {Field | undefined} value of a map
 *
 * @typedef {object} MessageType
 * @property {number} index
 * @property {string} name
 * @property {string} fullName dotted, without the package
 * @property {Field[]} fields by ascending number
 * @property {{ name: string, fields: string[] }[]} oneofs
 * @property {(MessageType | EnumType)[]} nested
 *
 * @typedef {object} EnumType
 * @property {number} index
 * @property {string} name
 * @property {string} fullName
 * @property {[string, number][]} values
 *
 * @typedef {{ messages: MessageType[], enums: EnumType[], top: (MessageType | EnumType)[] }} Schema
 */

/** The files are one compilation unit without imports: message, context and web-message refer to each other. */
export function readSchema(sources) {
  const root = new protobuf.Root()
  for (const { name, text } of sources) {
    try {
      protobuf.parse(text, root, { keepCase: true })
    } catch (error) {
      throw new Error(`${name}: ${error.message}`, { cause: error })
    }
  }
  root.resolveAll()

  const messages = []
  const enums = []
  const known = new Map()
  const collect = parent =>
    [...parent.nestedArray]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(type => {
        const isEnum = type instanceof protobuf.Enum
        const list = isEnum ? enums : messages
        const entry = { index: list.length, name: type.name, fullName: type.fullName.replace(/^\.proto\./, '') }
        list.push(entry)
        known.set(type, entry)
        if (isEnum) entry.values = Object.entries(type.values)
        else entry.nested = collect(type)
        return entry
      })
  const top = collect(root.lookup('proto'))

  for (const [type, entry] of known) {
    if (type instanceof protobuf.Enum) continue
    entry.fields = type.fieldsArray.map(field => readField(field, known)).sort((a, b) => a.id - b.id)
    entry.oneofs = type.oneofsArray.map(oneof => ({ name: oneof.name, fields: oneof.fieldsArray.map(f => f.name) }))
  }
  return { messages, enums, top }
}

function readField(field, known) {
  field.resolve()
  const target = field.resolvedType
  const type = target instanceof protobuf.Enum ? 'enum' : target ? 'message' : field.type
  const value = { type, reference: target ? known.get(target).index : undefined }
  const common = {
    name: field.name,
    id: field.id,
    repeated: field.repeated,
    packed: field.packed,
    oneof: field.partOf?.name,
  }
  if (field.map) return { ...common, type: 'map', keyType: field.keyType, value, hasDefault: false }
  const hasDefault = field.options?.default !== undefined
  return { ...common, ...value, hasDefault, default: hasDefault ? readDefault(field) : undefined }
}

/** 64-bit defaults are zero in this schema; everything else is a plain value. */
function readDefault(field) {
  if (typeof field.defaultValue === 'object') {
    if (Number(field.defaultValue) !== 0) throw new Error(`${field.fullName}: a 64-bit default must be 0`)
    return 0
  }
  return field.defaultValue
}
