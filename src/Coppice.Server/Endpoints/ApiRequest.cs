using Microsoft.AspNetCore.Http;

namespace Coppice.Server;

/// <summary>A request for something that a model computes.</summary>
/// <param name="Context">The request.</param>
/// <param name="Parameters">Its body.</param>
/// <param name="ModelName">The name of the model, or of the adapter on it.</param>
/// <param name="Adapter">The adapter on the model; null for the model alone.</param>
/// <param name="Model">The version of it that answers.</param>
/// <param name="Options">The server's options.</param>
/// <param name="Cancellation">The client has gone, or the time is over.</param>
internal sealed record ApiRequest(HttpContext Context, JsonParameters Parameters, string ModelName, string? Adapter, ServedModel.Lease Model, ServerOptions Options, CancellationToken Cancellation);
