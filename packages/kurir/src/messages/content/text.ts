import type { proto } from '../../proto/index.js'
import { checkText } from './checks.js'
import { invalidContent } from './content-error.js'
import type { ContentModifiers, Editable, MessageContentGenerationOptions } from './content-types.js'
import { generateLinkPreviewIfRequired, linkPreviewFields, type WAUrlInfo } from './link-preview.js'

export interface TextContent extends ContentModifiers, Editable {
  text: string
  /** `null`: none; left out: made from the first https URL when the socket can fetch it. */
  linkPreview?: WAUrlInfo | null | undefined
}

/** Fonts of status texts (docs/protocol/03, 2.3). */
const fonts: ReadonlySet<number> = new Set([0, 1, 2, 6, 7, 8, 9, 10])

/**
 * Builds a text message (docs/protocol/03, 2.3). Always an `extendedTextMessage`: only that can hold context.
 *
 * @throws KurirError `invalid-content` for an empty text, an unknown font or a colour that is none
 */
export async function buildText(
  content: TextContent,
  options: MessageContentGenerationOptions,
): Promise<proto.IMessage> {
  const text = checkText('text', content.text)
  const message: proto.Message.IExtendedTextMessage = { text }
  const preview =
    content.linkPreview === undefined
      ? await generateLinkPreviewIfRequired(text, options.getUrlInfo, options.logger)
      : content.linkPreview
  if (preview) Object.assign(message, linkPreviewFields(preview))
  if (options.backgroundColor !== undefined) message.backgroundArgb = parseColor(options.backgroundColor)
  if (options.font !== undefined) {
    if (!fonts.has(options.font)) throw invalidContent('font', 'There is no such font', { font: options.font })
    message.font = options.font
  }
  return { extendedTextMessage: message }
}

/**
 * A colour as 0xAARRGGBB. Text is hexadecimal: up to six digits are an opaque colour, eight include the alpha byte.
 * Numbers stand for themselves, negative ones for the same bits read as unsigned.
 */
export function parseColor(color: string | number): number {
  if (typeof color === 'number') {
    if (Number.isInteger(color) && color >= -0x8000_0000 && color <= 0xffff_ffff) return color >>> 0
    throw invalidContent('backgroundColor', 'A colour number has 32 bits', { color })
  }
  const digits = /^#?([0-9a-fA-F]{1,6}|[0-9a-fA-F]{8})$/.exec(color)?.[1]
  if (digits === undefined) throw invalidContent('backgroundColor', 'A colour is written as #RRGGBB', { color })
  return Number.parseInt(digits.length === 8 ? digits : `FF${digits.padStart(6, '0')}`, 16)
}
