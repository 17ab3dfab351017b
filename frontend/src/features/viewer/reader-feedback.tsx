import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react'

import { useGiveFeedback } from '@/shared/api/give-feedback'
import type { Item, Opinion } from '@/shared/api/wire'
import { useLanguage, useMessages } from '@/shared/i18n/language'
import { fullMoment } from '@/shared/lib/figures'
import { Button } from '@/shared/ui/button'
import { OpinionIcon } from '@/shared/ui/opinion'
import { Refusal } from '@/shared/ui/refusal'
import { Segments } from '@/shared/ui/segments'

import { PanelSection } from '@/shared/ui/panel-section'

const OPINIONS: readonly Opinion[] = ['agree', 'disagree']
/** The service's limit. */
const MAX_CHARACTERS = 2000

interface ReaderFeedbackProps {
  jobId: string
  item: Item
  /** The opinion that is chosen and not saved yet. */
  draft: Opinion | null
  onDraft: (opinion: Opinion | null) => void
}

/** The reader's opinion on the result, with a comment. */
export function ReaderFeedback({ jobId, item, draft, onDraft }: ReaderFeedbackProps) {
  const { viewer } = useMessages()
  const text = viewer.feedback
  const [comment, setComment] = useState('')
  const give = useGiveFeedback(jobId, item.index)
  const field = useRef<HTMLTextAreaElement>(null)
  const id = useId()

  // After the choice, by key or by click, comes the comment.
  useEffect(() => {
    if (draft !== null) field.current?.focus()
  }, [draft])

  const save = () => {
    if (draft === null || give.isPending) return
    give.mutate(
      { opinion: draft, comment: comment.trim() },
      {
        onSuccess: () => {
          onDraft(null)
          setComment('')
        },
      },
    )
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) save()
    if (event.key !== 'Escape') return
    event.stopPropagation()
    onDraft(null)
  }

  return (
    <PanelSection title={text.title}>
      <Segments<Opinion | ''>
        label={text.title}
        value={draft ?? item.feedback?.opinion ?? ''}
        choices={OPINIONS.map((value) => ({
          value,
          label: text.opinion[value],
          content: (
            <span className="flex items-center justify-center gap-2">
              <OpinionIcon opinion={value} />
              {text.opinion[value]}
            </span>
          ),
        }))}
        onChange={(value) => value !== '' && onDraft(value)}
      />
      {draft !== null && (
        <div className="flex flex-col gap-2">
          <label htmlFor={id} className="text-muted">
            {text.comment}
          </label>
          <textarea
            ref={field}
            id={id}
            aria-describedby={`${id}-hint`}
            rows={3}
            maxLength={MAX_CHARACTERS}
            value={comment}
            onChange={(event) => setComment(event.target.value)}
            onKeyDown={onKeyDown}
            className="w-full resize-y rounded-sm border border-edge bg-ground px-2 py-1"
          />
          <p id={`${id}-hint`} className="text-xs leading-4 text-muted">
            {text.hint}
          </p>
          {give.error && <Refusal notDone={text.notSaved} error={give.error} />}
          <div className="flex gap-2">
            <Button look="primary" disabled={give.isPending} onClick={save}>
              {text.save}
            </Button>
            <Button look="quiet" onClick={() => onDraft(null)}>
              {text.discard}
            </Button>
          </div>
        </div>
      )}
      <LastOpinion item={item} />
    </PanelSection>
  )
}

/** The last opinion, and the result that it was about. */
function LastOpinion({ item: { feedback, result } }: { item: Item }) {
  const { viewer } = useMessages()
  const text = viewer.feedback
  const language = useLanguage()
  const isOfAnother = feedback?.model.version !== result?.model.version
  return (
    <div role="status" className="flex flex-col gap-1 empty:hidden">
      {feedback && (
        <>
          <p className="text-muted">
            {text.said(text.opinion[feedback.opinion], fullMoment(feedback.said_at, language))}
            {isOfAnother && ` ${text.ofAnother(feedback.model.version)}`}
          </p>
          {feedback.comment !== null && (
            <p className="break-words whitespace-pre-line">{feedback.comment}</p>
          )}
        </>
      )}
    </div>
  )
}
