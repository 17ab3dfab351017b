import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle'
import 'swagger-ui-dist/swagger-ui.css'

SwaggerUI({
  dom_id: '#reference',
  url: '/openapi.json',
  deepLinking: true,
  // The badge of its validator would send the document to another host.
  validatorUrl: 'none',
})
