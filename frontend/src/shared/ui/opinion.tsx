import { ThumbsDown, ThumbsUp } from 'lucide-react'

import type { Opinion } from '@/shared/api/wire'

const ICONS = { agree: ThumbsUp, disagree: ThumbsDown }

export function OpinionIcon({ opinion }: { opinion: Opinion }) {
  const Icon = ICONS[opinion]
  return <Icon aria-hidden size={16} className="shrink-0" />
}
