using Coppice.Foundation;
using Coppice.Inference;
using Microsoft.AspNetCore.Http;

namespace Coppice.Server;

/// <summary>Every error of a request as a status and an object in the shape of OpenAI's.</summary>
internal static class ApiErrors
{
    private const string InvalidRequest = "invalid_request_error";

    /// <summary>Answers with the error where the rest of the server throws one, and says aloud what was no fault of the request.</summary>
    /// <param name="notice">Receives errors of ours.</param>
    public static Func<HttpContext, RequestDelegate, Task> Middleware(Action<string> notice) => async (context, next) =>
    {
        try
        {
            await next(context).ConfigureAwait(false);
            if (context.Response is { HasStarted: false, StatusCode: 404 or 405 } response)
                await WriteAsync(context, new ApiException(response.StatusCode, $"{context.Request.Method} {context.Request.Path} is nothing that is served here", code: "unknown_url")).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            if (context.RequestAborted.IsCancellationRequested) return;
            var told = Translate(error);
            if (told.Status == 500) notice($"{context.Request.Path}: {error}");
            if (context.Response.HasStarted) context.Abort();
            else await WriteAsync(context, told).ConfigureAwait(false);
        }
    };

    /// <summary>What a client is told of an error.</summary>
    /// <param name="error">The error.</param>
    public static ApiException Translate(Exception error) => error switch
    {
        ApiException told => told,
        CoppiceException { ExitCode: ExitCode.Usage } => new ApiException(400, error.Message, code: "invalid_value"),
        CoppiceException => new ApiException(500, error.Message, code: "model_error"),
        EngineBusyException => new ApiException(429, error.Message, code: "queue_full"),
        EngineClosedException => new ApiException(503, "The server is being stopped.", code: "stopping"),
        OperationCanceledException => new ApiException(504, "The request took longer than this server allows: ask for fewer tokens.", code: "timeout"),
        BadHttpRequestException { StatusCode: 413 } => new ApiException(413, "The request is larger than this server allows.", code: "body_too_large"),
        BadHttpRequestException bad => new ApiException(bad.StatusCode, bad.Message, code: "bad_request"),
        _ => new ApiException(500, "The server failed at this request; its own output says why.", code: "server_error"),
    };

    /// <summary>The object of an error.</summary>
    /// <param name="error">The error.</param>
    public static object Body(ApiException error) => new
    {
        error = new
        {
            message = error.Message,
            type = error.Status switch { 401 => "authentication_error", 429 => "rate_limit_error", >= 500 => "server_error", _ => InvalidRequest },
            param = error.Parameter,
            code = error.Code,
        },
    };

    private static Task WriteAsync(HttpContext context, ApiException error)
    {
        context.Response.StatusCode = error.Status;
        if (error.Status == 401) context.Response.Headers.WWWAuthenticate = "Bearer";
        if (error.Status is 429 or 503) context.Response.Headers.RetryAfter = "1";
        return context.Response.WriteAsJsonAsync(Body(error), ApiJson.Options);
    }
}
