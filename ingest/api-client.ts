import { UsageError } from '../common/failure.ts'

// The API of an ingest, asked from the command line.

export interface ApiServer {
  /** As http://HOST:PORT. */
  url: string
  token: string | undefined
}

/** What ingest says is wrong, or that it can't be asked. */
export class ApiError extends Error {
  /** 0: no answer. */
  readonly status: number
  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}

export const defaultUrl = 'http://127.0.0.1:8686'

/** Options for commands that ask an ingest: `--url` and `--token`, or RIGLINE_URL and RIGLINE_TOKEN. */
export function apiServer(options: { url?: string; token?: string }): ApiServer {
  const url = options.url ?? process.env.RIGLINE_URL ?? defaultUrl
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageError(`--url ${url}: expected an address as ${defaultUrl}`)
  }
  return { url, token: options.token ?? process.env.RIGLINE_TOKEN }
}

/** Asks; resolves with a good answer whose body is not read yet. Throws ApiError with what ingest says is wrong. */
export async function fetchApi({ url, token }: ApiServer, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
  let response: Response
  try {
    response = await fetch(new URL(path, url), { ...init, headers, redirect: 'error' })
  } catch (cause) {
    if (init.signal?.aborted) throw cause
    const reason = ((cause as Error).cause as Error | undefined)?.message ?? (cause as Error).message
    throw new ApiError(0, `${url} gives no answer (${reason}); is ingest running there? --url names another`, { cause })
  }
  if (response.ok) return response
  const text = await response.text().catch(() => '')
  const hint = response.status === 401 ? '; in a command: --token, or RIGLINE_TOKEN' : ''
  throw new ApiError(response.status, `${url}: ${detailOf(text) ?? `${response.status} ${text.slice(0, 200)}`}${hint}`)
}

/** Asks for JSON. `body`: sent as JSON with POST, unless `method` says otherwise. */
export async function askApi<Answer>(
  server: ApiServer,
  path: string,
  { body, method, signal }: { body?: unknown; method?: string; signal?: AbortSignal } = {},
): Promise<Answer> {
  const init: RequestInit = { method: method ?? (body === undefined ? 'GET' : 'POST') }
  if (body !== undefined) {
    init.body = JSON.stringify(body)
    init.headers = { 'content-type': 'application/json' }
  }
  if (signal) init.signal = signal
  const response = await fetchApi(server, path, init)
  return (await response.json()) as Answer
}

function detailOf(text: string): string | undefined {
  try {
    const problem = JSON.parse(text) as { detail?: unknown }
    return typeof problem.detail === 'string' ? problem.detail : undefined
  } catch {
    return undefined
  }
}
