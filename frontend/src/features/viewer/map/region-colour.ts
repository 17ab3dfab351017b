/** Colour of a region's box and number, on the black of the film in both themes. */
export const REGION_COLOUR = '#ff9046'

/** Colour of the lungs' outlines. */
export const LUNG_COLOUR = '#7fd3ff'
