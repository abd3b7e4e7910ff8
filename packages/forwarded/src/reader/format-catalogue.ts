import { apache } from '../formats/apache.ts'
import { awsAlbPassthrough } from '../formats/aws-alb-passthrough.ts'
import { awsAlbVerify } from '../formats/aws-alb-verify.ts'
import { awsCloudFrontPassthrough } from '../formats/aws-cloudfront-passthrough.ts'
import { awsCloudFront } from '../formats/aws-cloudfront.ts'
import { azureAppService } from '../formats/azure-app-service.ts'
import { azureApplicationGatewayPassthrough } from '../formats/azure-application-gateway-passthrough.ts'
import { azureApplicationGateway } from '../formats/azure-application-gateway.ts'
import { azureContainerApps } from '../formats/azure-container-apps.ts'
import { caddy } from '../formats/caddy.ts'
import { cloudflare } from '../formats/cloudflare.ts'
import { googleCloud } from '../formats/google-cloud.ts'
import { haproxy } from '../formats/haproxy.ts'
import { ingressNginx } from '../formats/ingress-nginx.ts'
import { linkerd } from '../formats/linkerd.ts'
import { nginx } from '../formats/nginx.ts'
import { rfc9440 } from '../formats/rfc9440.ts'
import { traefik } from '../formats/traefik.ts'
import { createXfccFormat } from '../formats/xfcc.ts'
import type { HeaderFormat } from '../headers/header-format.ts'

/**
 * The supported gateways; `custom` describes any other gateway. Each is one file of `formats`. The compiler holds this
 * list and `PRESETS` together, and a test holds both with the files.
 */
export type ForwardedFormat =
  | 'rfc9440' | 'xfcc' | 'nginx' | 'ingress-nginx' | 'haproxy' | 'apache' | 'traefik' | 'caddy' | 'aws-alb-verify'
  | 'aws-alb-passthrough' | 'aws-cloudfront' | 'aws-cloudfront-passthrough' | 'azure-application-gateway'
  | 'azure-application-gateway-passthrough' | 'azure-app-service' | 'azure-container-apps' | 'google-cloud'
  | 'cloudflare' | 'linkerd' | 'custom'

/** All formats except `custom`; `xfcc` with one hop. */
export const PRESETS: Readonly<Record<Exclude<ForwardedFormat, 'custom'>, HeaderFormat>> = {
  rfc9440,
  xfcc: createXfccFormat(1),
  nginx,
  'ingress-nginx': ingressNginx,
  haproxy,
  apache,
  traefik,
  caddy,
  'aws-alb-verify': awsAlbVerify,
  'aws-alb-passthrough': awsAlbPassthrough,
  'aws-cloudfront': awsCloudFront,
  'aws-cloudfront-passthrough': awsCloudFrontPassthrough,
  'azure-application-gateway': azureApplicationGateway,
  'azure-application-gateway-passthrough': azureApplicationGatewayPassthrough,
  'azure-app-service': azureAppService,
  'azure-container-apps': azureContainerApps,
  'google-cloud': googleCloud,
  cloudflare,
  linkerd
}

export const FORMATS: readonly string[] = [...Object.keys(PRESETS), 'custom']

/** All headers that identify a client, of all formats. One that is not read could contradict those that are. */
const IDENTIFYING: ReadonlySet<string> = new Set(
  Object.values(PRESETS).flatMap(({ headers: { certificate }, identifying = [], unread = [] }) => {
    return [certificate as string, ...identifying, ...unread]
  })
)

/**
 * Headers that a request of this format must not have.
 *
 * @param ignored those that the operator allows
 */
export function findOtherHeaders (
  { headers, unread = [] }: HeaderFormat, ignored: readonly string[]
): readonly string[] {
  const allowed = new Set([...Object.values(headers), ...unread, ...ignored])
  return [...IDENTIFYING].filter((name) => !allowed.has(name))
}
