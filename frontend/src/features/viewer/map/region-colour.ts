/** Colour of a region's box and number, on the black of the film in both themes. */
export const REGION_COLOUR = '#ff9046'
