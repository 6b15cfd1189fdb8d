// SPDX-License-Identifier: AGPL-3.0-or-later
// js-libp2p dials a node, asks who it is, pings it, reads the first frame of its stream, and is refused another protocol.

import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const node = await createLibp2p({
  addresses: { listen: [] },
  transports: [tcp(), webSockets()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  services: { identify: identify(), ping: ping() }
})
const identified = new Promise(resolve => {
  node.addEventListener('peer:identify', event => resolve(event.detail), { once: true })
})
const address = multiaddr(process.argv[2])
const connection = await node.dial(address)
const stream = await connection.newStream('/mutirao/1')
let heard = Buffer.alloc(0)
for await (const chunk of stream) {
  heard = Buffer.concat([heard, Buffer.from(chunk.subarray())])
  if (heard.length >= 4 && heard.length >= 4 + heard.readUInt32BE(0)) break
}
const who = await identified
const pinged = []
for (let count = 0; count < 3; count += 1) pinged.push(await node.services.ping.ping(address))
let refused = 'not refused'
try {
  await connection.newStream('/echo/1.0.0')
} catch (error) {
  refused = error.name
}
await node.stop()
console.log(JSON.stringify({
  hello: heard.subarray(4, 4 + heard.readUInt32BE(0)).toString('hex'),
  agent: who.agentVersion,
  protocols: who.protocols,
  listening: who.listenAddrs.map(String),
  pings: pinged.length,
  refused
}))
