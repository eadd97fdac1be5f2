using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Coppice.Server;

/// <summary>The addresses that are served, and what all requests go through: the key, the time limit, the body, the model.</summary>
/// <param name="models">The models.</param>
/// <param name="keys">The keys; null where none are asked for.</param>
/// <param name="options">The server's options.</param>
internal sealed class Api(IReadOnlyList<ServedModel> models, ApiKeys? keys, ServerOptions options)
{
    /// <summary>Adds the addresses to a server.</summary>
    /// <param name="app">The server.</param>
    public void Map(WebApplication app)
    {
        app.Use(ApiErrors.Middleware(options.Notice));
        app.Use(RefuseForeignHosts);
        BuiltInPage.Map(app);
        app.MapGet("/health", () => Results.Json(new { status = "ok" }, ApiJson.Options));
        app.MapGet("/metrics", context => Guarded(context, () => Results.Text(MetricsPage.Write(models), MetricsPage.ContentType)));
        app.MapGet("/v1/models", context => Guarded(context, () => Results.Json(new { @object = "list", data = DescribeAll() }, ApiJson.Options)));
        app.MapGet("/v1/models/{name}", context => Guarded(context, () =>
        {
            var (model, adapter) = Find((string?)context.Request.RouteValues["name"]);
            return Results.Json(Describe(model, adapter), ApiJson.Options);
        }));
        app.MapPost("/v1/completions", context => Compute(context, CompletionsEndpoint.AnswerAsync));
        app.MapPost("/v1/chat/completions", context => Compute(context, ChatEndpoint.AnswerAsync));
        app.MapPost("/v1/embeddings", context => Compute(context, EmbeddingsEndpoint.AnswerAsync));
    }

    /// <summary>A model, or an adapter on it, which has the model as its parent.</summary>
    private static object Describe(ServedModel model, string? adapter)
    {
        var version = model.Current;
        return new
        {
            id = adapter ?? model.Name, @object = "model", created = version.Loaded.ToUnixTimeSeconds(), owned_by = "coppice", fingerprint = version.Fingerprint,
            context_length = version.Engine.ContextTokens, parent = adapter is null ? null : model.Name,
        };
    }

    private object[] DescribeAll() => [.. models.Select(model => Describe(model, null)), .. options.Adapters.Select(adapter => Describe(models[0], adapter.Name))];

    private async Task Guarded(HttpContext context, Func<IResult> answer)
    {
        keys?.Check(context.Request);
        await answer().ExecuteAsync(context).ConfigureAwait(false);
    }

    private async Task Compute(HttpContext context, Func<ApiRequest, Task> answer)
    {
        keys?.Check(context.Request);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        limit.CancelAfter(options.Timeout);
        using var parameters = await JsonParameters.ReadAsync(context.Request, limit.Token).ConfigureAwait(false);
        var (model, adapter) = Find(parameters.Text("model"));
        using var lease = model.Borrow();
        await answer(new ApiRequest(context, parameters, adapter ?? model.Name, adapter, lease, options, limit.Token)).ConfigureAwait(false);
    }

    /// <summary>The model of a name, or an adapter with its model; where there is only one model, that needs no name.</summary>
    private (ServedModel Model, string? Adapter) Find(string? name)
    {
        if (name is null && models.Count == 1) return (models[0], null);
        if (name is null) throw ApiException.BadParameter("model", $"is missing; one of {Names()} is served");
        if (models.FirstOrDefault(model => model.Name == name) is { } model) return (model, null);
        return options.Adapters.Any(adapter => adapter.Name == name) ? (models[0], name) : throw new ApiException(404, $"There is no model '{name}' here; {Names()} is served.", "model", "model_not_found");

        string Names() => string.Join(", ", models.Select(model => model.Name).Concat(options.Adapters.Select(adapter => adapter.Name)));
    }

    /// <summary>
    /// A server that only this machine reaches answers to its own names alone: a page of another site that lets its own name point here must not read what
    /// it answers.
    /// </summary>
    private Task RefuseForeignHosts(HttpContext context, RequestDelegate next)
    {
        if (!IsLoopback(options.Host) || IsLoopback(context.Request.Host.Host.Trim('[', ']'))) return next(context);
        throw new ApiException(403, $"This server answers on {options.Host} alone, not as '{context.Request.Host.Host}'.", code: "foreign_host");
    }

    private static bool IsLoopback(string host) => host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
