/** What the broker has done since its start. */
export const createCounters = () => ({
  connectionsAccepted: 0,
  /** Turned away because `limits.connectionsMax` was reached. */
  connectionsRefused: 0,
  /** TLS and WebSocket handshakes that came to nothing. */
  handshakesFailed: 0,
  loginsRefused: 0,
  messagesReceived: 0,
  publishesDenied: 0,
  subscribesDenied: 0,
  deliveriesDenied: 0,
  packetsTooLarge: 0,
  /** Connections that replaced a live one of the same client id. */
  takeovers: 0,
})

export type Counters = ReturnType<typeof createCounters>

export interface BrokerCounters extends Counters {
  /** Open now. */
  connections: number
  /** Rigs that have more than one live agent now. */
  duplicateRigs: number
}
