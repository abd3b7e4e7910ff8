import {
  type CanActivate, Controller, Delete, type ExecutionContext, Get, Injectable, Param, Req, UseGuards
} from '@nestjs/common'
import { AllowedClients } from '@peerkit/fastify-allowed-clients/nestjs'
import type { FastifyRequest } from 'fastify'

/** A guard comes after the rules: the client is known here, and allowed. */
@Injectable()
export class WorkingHoursGuard implements CanActivate {
  canActivate (context: ExecutionContext): boolean {
    const { peer } = context.switchToHttp().getRequest<FastifyRequest>()
    return peer.commonName !== 'night-shift'
  }
}

@Controller({ path: 'invoices', version: '1' })
@AllowedClients('billing')
@UseGuards(WorkingHoursGuard)
export class InvoicesController {
  @Get()
  list (@Req() request: FastifyRequest): object {
    return { hello: request.peer.commonName }
  }

  // A method overrides its class: billing may not remove.
  @Delete(':number')
  @AllowedClients('auditors')
  remove (@Param('number') number: string): object {
    return { removed: Number(number) }
  }
}

@Controller('notes')
export class NotesController {
  @Get()
  list (): string {
    return 'nothing says who may read this: 403'
  }
}
