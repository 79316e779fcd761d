import type { MexShape } from './mex-catalogue.js'

/**
 * What does not fit in the variables of a GraphQL document; undefined when all does. What is missing is for the operation
 * itself to judge: the facts do not say which members are required.
 */
export const variablesMisfit = (value: unknown, shape: MexShape, path = 'variables'): string | undefined => {
  if (typeof shape === 'string') return leafMisfit(value, shape, path)
  if (isList(shape)) return listMisfit(value, shape, path)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${path} is an object`
  for (const [name, member] of Object.entries(value)) {
    const expected = Object.hasOwn(shape, name) ? shape[name] : undefined
    if (expected === undefined) return `${path} has no member ${name}`
    const misfit = variablesMisfit(member, expected, `${path}.${name}`)
    if (misfit !== undefined) return misfit
  }
  return undefined
}

const isList = (shape: MexShape): shape is readonly MexShape[] => Array.isArray(shape)

const listMisfit = (value: unknown, [item = 'any']: readonly MexShape[], path: string): string | undefined => {
  if (!Array.isArray(value)) return `${path} is a list`
  for (const [index, each] of value.entries()) {
    const misfit = variablesMisfit(each, item, `${path}[${index}]`)
    if (misfit !== undefined) return misfit
  }
  return undefined
}

const leafMisfit = (value: unknown, shape: string, path: string): string | undefined => {
  const type = shape.replace(/\s.*$/, '')
  if (value === null || value === undefined) return type.endsWith('?') ? undefined : `${path} is not null`
  const [, allowed] = /^enum\((.*)\)/.exec(type) ?? []
  if (allowed !== undefined)
    return allowed.split('|').includes(String(value)) ? undefined : `${path} is one of ${allowed}`
  const expected = TYPES[type.replace('?', '')]
  return expected === undefined || typeof value === expected ? undefined : `${path} is a ${expected}`
}

const TYPES: Readonly<Record<string, string>> = {
  str: 'string',
  id: 'string',
  jid: 'string',
  num: 'number',
  bool: 'boolean',
}
