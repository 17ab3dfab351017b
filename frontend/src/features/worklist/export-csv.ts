import type { WorklistRow } from '@/shared/api/wire'

type Cell = string | number | boolean | null | undefined

const COLUMNS: Record<string, (row: WorklistRow) => Cell> = {
  job_id: (row) => row.job_id,
  index: (row) => row.item.index,
  filename: (row) => row.item.filename,
  sha256: (row) => row.item.sha256,
  reference: (row) => row.reference,
  priority: (row) => row.priority,
  created_at: (row) => row.created_at,
  state: (row) => row.item.state,
  probability: (row) => row.item.result?.probability,
  threshold: (row) => row.item.result?.threshold,
  positive: (row) => row.item.result?.positive,
  model: (row) => row.item.result?.model.name,
  model_version: (row) => row.item.result?.model.version,
  view: (row) => row.item.result?.input.view,
  age: (row) => row.item.result?.input.age,
  sex: (row) => row.item.result?.input.sex,
  reasons: (row) => row.item.result?.reasons.map((reason) => reason.code).join(' '),
  cautions: (row) => row.item.result?.cautions.map((caution) => caution.code).join(' '),
  error: (row) => row.item.error?.code,
  opinion: (row) => row.item.feedback?.opinion,
  comment: (row) => row.item.feedback?.comment,
  said_at: (row) => row.item.feedback?.said_at,
  said_of_version: (row) => row.item.feedback?.model.version,
}

/** Format films as comma-separated values (RFC 4180), with the names and units of the API. */
export function toCsv(rows: readonly WorklistRow[]): string {
  const lines = rows.map((row) => Object.values(COLUMNS).map((cell) => quoted(cell(row))))
  return [Object.keys(COLUMNS), ...lines].map((line) => `${line.join(',')}\r\n`).join('')
}

function quoted(cell: Cell): string {
  if (typeof cell !== 'string') return String(cell ?? '')
  // A file may be named =2+3, which a spreadsheet must not calculate.
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
