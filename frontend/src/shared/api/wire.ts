import type { components } from '@/api/schema'

type Schemas = components['schemas']

export type Job = Schemas['Job']
export type Item = Schemas['Item']
export type ItemState = Schemas['ItemState']
export type Result = Schemas['Result']
export type Region = Schemas['Region']
export type Lungs = Schemas['Lungs']
export type Drift = Schemas['Drift']
export type FilmsOfDay = Schemas['FilmsOfDay']
export type TrainingSet = Schemas['TrainingSet']
export type Feedback = Schemas['Feedback']
export type Opinion = Schemas['Opinion']
export type Photometric = Schemas['Photometric']
export type Priority = Schemas['Priority']
export type Problem = Schemas['Problem']
export type Session = Schemas['Session']
export type SubmissionLimits = Schemas['SubmissionLimits']
export type Worklist = Schemas['Worklist']
export type WorklistRow = Schemas['WorklistRow']
export type WorklistSort = Schemas['WorklistSort']

/** The request body of feedback. */
export interface NewFeedback {
  opinion: Opinion
  comment: string
}

const FINAL: ReadonlySet<ItemState> = new Set(['succeeded', 'rejected', 'failed', 'cancelled'])

/** True if the item will not change any more. */
export function isFinal(state: ItemState): boolean {
  return FINAL.has(state)
}

/** True if none of the job's items will change any more. */
export function isFinished(job: Job): boolean {
  return job.state === 'finished' || job.state === 'cancelled'
}
