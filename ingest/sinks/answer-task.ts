import type { Sink, SinkTask, SinkTaskAnswer } from './sink.ts'

/** What a sink answers by itself. Rejects if it can't. */
export async function answerTask(sink: Sink, task: Exclude<SinkTask, { type: 'replay' }>): Promise<SinkTaskAnswer> {
  if (task.type === 'describe') return await able(sink, sink.describeFiles)(task.paths)
  if (task.type === 'numbers') return await able(sink, sink.numbersOf)(task)
  return await able(sink, sink.timesAround)(task.asked)
}

function able<F>(sink: Sink, answer: F | undefined): F {
  if (!answer) throw new Error(`the ${sink.name} sink has no files`)
  return answer
}
