import { parseBusinessNotification, parseCatalog, parseCollections, parseOrder, parseProfile } from 'kurir/business'
import { proto } from 'kurir/proto'
import { mutateNode } from './mutate.mjs'

/** Businesses: answers about profiles, catalogues and orders, and what the service tells of them. */

const shop = '6281110001@s.whatsapp.net'
const node = (tag, attrs, content) => ({ tag, attrs, ...(content === undefined ? {} : { content }) })
const leaf = (tag, text) => node(tag, {}, Buffer.from(text))
const answer = (...content) => node('iq', { id: '1', type: 'result' }, content)

const product = node('product', { is_hidden: 'true' }, [
  leaf('id', '1'),
  leaf('name', 'Bread'),
  leaf('price', '2500'),
  leaf('currency', 'EUR'),
  leaf('quantity', '2'),
  node('media', {}, [
    node('image', {}, [leaf('request_image_url', 'https://a'), leaf('original_image_url', 'https://b')]),
  ]),
  node('status_info', {}, [leaf('status', 'APPROVED'), leaf('can_appeal', 'false')]),
])
const { VerifiedNameCertificate } = proto
const certificate = Buffer.from(
  VerifiedNameCertificate.encode({
    details: VerifiedNameCertificate.Details.encode({ verifiedName: 'Bakery', issuer: 'smb:wa', serial: 7 }).finish(),
  }).finish(),
)

const stanzas = [
  answer(
    node('business_profile', { v: '244' }, [
      node('profile', { jid: shop }, [
        leaf('description', 'Bread'),
        leaf('website', 'https://a.example'),
        node('categories', {}, [leaf('category', 'Food')]),
        node('business_hours', { timezone: 'UTC' }, [
          node('business_hours_config', {
            day_of_week: 'mon',
            mode: 'specific_hours',
            open_time: '1',
            close_time: '2',
          }),
        ]),
      ]),
    ]),
  ),
  answer(node('product_catalog', {}, [product, node('paging', {}, [leaf('after', 'x')])])),
  answer(node('collections', {}, [node('collection', {}, [leaf('id', '1'), leaf('name', 'Best'), product])])),
  answer(node('order', { id: '1' }, [product, node('price', {}, [leaf('total', '5000'), leaf('currency', 'EUR')])])),
  node('notification', { id: '1', type: 'business', from: shop }, [
    node('verified_name', { jid: shop, verified_level: 'low' }, certificate),
    node('remove', { jid: shop }),
    node('profile', {}),
    node('product_catalog', {}, [
      product,
      node('collection', { id: '2' }, [node('status_info', { status: 'REJECTED' })]),
    ]),
  ]),
]

export const businessTargets = [
  {
    name: 'businesses',
    share: 1,
    make: random => mutateNode(random, random.pick(stanzas)),
    run: stanza => {
      for (const parse of [parseProfile, parseCatalog, parseCollections, parseOrder]) parse(stanza)
      parseBusinessNotification(stanza)
    },
  },
]
