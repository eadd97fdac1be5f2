using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Coppice.Server;

/// <summary>An answer as server-sent events, each one JSON object, sent at once. Several may write at a time.</summary>
/// <param name="response">The answer, of which nothing was sent yet.</param>
internal sealed class EventStream(HttpResponse response) : IDisposable
{
    private static readonly byte[] Done = "data: [DONE]\n\n"u8.ToArray();

    private readonly SemaphoreSlim _gate = new(1);

    /// <summary>Sends the headers.</summary>
    /// <param name="cancellation">Ends it early.</param>
    public Task StartAsync(CancellationToken cancellation)
    {
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-cache";
        return response.StartAsync(cancellation);
    }

    /// <summary>Sends an object.</summary>
    /// <param name="value">The object.</param>
    /// <param name="cancellation">Ends it early.</param>
    public Task SendAsync(object value, CancellationToken cancellation) => SendAsync([.. "data: "u8, .. JsonSerializer.SerializeToUtf8Bytes(value, ApiJson.Options), .. "\n\n"u8], cancellation);

    /// <summary>Sends that nothing more comes.</summary>
    /// <param name="cancellation">Ends it early.</param>
    public Task FinishAsync(CancellationToken cancellation) => SendAsync(Done, cancellation);

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private async Task SendAsync(byte[] bytes, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await response.Body.WriteAsync(bytes, cancellation).ConfigureAwait(false);
            await response.Body.FlushAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }
}
