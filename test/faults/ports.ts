import { createServer } from 'node:net'

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

/**
 * A free port below those that systems give to outgoing connections: a server that is down for a while gets it again. (Not drawn from the
 * seed: two runs of one seed may stand side by side.)
 */
export async function lastingPort(): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const port = 15_000 + Math.floor(Math.random() * 16_000)
    if (await isFree(port)) return port
  }
  throw new Error('no free port between 15000 and 31000: end what listens there')
}
