using System.Net;
using System.Net.Sockets;
using Coppice.Foundation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Coppice.Server;

/// <summary>
/// Serves models over HTTP, as OpenAI's interface has it: <c>/v1/completions</c>, <c>/v1/chat/completions</c>, <c>/v1/embeddings</c>, <c>/v1/models</c>;
/// beside it <c>/health</c>, <c>/metrics</c> and a page to try them. Each model has an engine that continues many texts at once.
/// </summary>
public sealed class InferenceServer : IAsyncDisposable
{
    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(30);

    private readonly WebApplication _app;
    private readonly IReadOnlyList<ServedModel> _models;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _watching;

    private InferenceServer(WebApplication app, IReadOnlyList<ServedModel> models, ServerOptions options)
    {
        (_app, _models) = (app, models);
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        _watching = Task.Run(() => new ModelWatcher(models, options).RunAsync(_stopping.Token));
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>The names of the models, how many texts each continues at a time, and of how many tokens.</summary>
    public IReadOnlyList<(string Name, string Directory, int MaxSequences, int ContextTokens)> Models =>
        [.. _models.Select(model => (model.Name, model.Current.Directory, model.Current.Engine.MaxSequences, model.Current.Engine.ContextTokens))];

    /// <summary>Loads the models and listens.</summary>
    /// <param name="options">What is served, where, and within which limits.</param>
    /// <exception cref="CoppiceException">A model can't be loaded, an option means nothing, or the address can't be had.</exception>
    public static async Task<InferenceServer> StartAsync(ServerOptions options)
    {
        options.Check();
        var address = AddressOf(options.Host);
        var keys = options.ApiKeyFile is { } file ? ApiKeys.Load(file) : null;
        if (keys is null && !IPAddress.IsLoopback(address)) options.Notice($"anyone who reaches {options.Host} can use the models: name a file of keys to change that");
        var models = new List<ServedModel>();
        WebApplication? app = null;
        try
        {
            foreach (var path in options.Models)
            {
                var name = ModelVersion.NameOf(path);
                if (models.Any(model => model.Name == name)) throw CoppiceException.Usage($"{path}: there is a model named '{name}' already; rename one of the directories");
                models.Add(new ServedModel(path, options));
            }

            var names = models.Select(model => model.Name).ToHashSet(StringComparer.Ordinal);
            if (options.Adapters.FirstOrDefault(adapter => !names.Add(adapter.Name)) is { } twice) throw CoppiceException.Usage($"{twice.Directory}: there is a model named '{twice.Name}' already; give the adapter another name");

            app = Build(address, options);
            new Api(models, keys, options).Map(app);
            await app.StartAsync().ConfigureAwait(false);
            return new InferenceServer(app, models, options);
        }
        catch (Exception error)
        {
            if (app is not null) await app.DisposeAsync().ConfigureAwait(false);
            foreach (var model in models) model.Dispose();
            if (error is IOException or SocketException) throw new CoppiceException(FormattableString.Invariant($"{options.Host}:{options.Port}: can't be listened on: {error.Message}"), inner: error);
            throw;
        }
    }

    /// <summary>Takes no more requests, lets those that run finish for a while, and ends.</summary>
    /// <param name="patience">How long they may take.</param>
    public async Task StopAsync(TimeSpan patience)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        using var limit = new CancellationTokenSource(patience);
        await _app.StopAsync(limit.Token).ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero).ConfigureAwait(false);
        foreach (var model in _models) model.Dispose();
        await _app.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private static IPAddress AddressOf(string host) => host == "localhost" ? IPAddress.Loopback
        : IPAddress.TryParse(host, out var address) ? address
        : throw CoppiceException.Usage($"host: '{host}' is no IP address; 127.0.0.1 is this machine alone, 0.0.0.0 all its networks");

    private static WebApplication Build(IPAddress address, ServerOptions options)
    {
        // Empty: no environment variable or file beside the program decides what is served.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
            kestrel.Limits.RequestHeadersTimeout = HeadersTimeout;
            kestrel.Listen(address, options.Port);
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        return builder.Build();
    }

    /// <summary>Whoever runs the server decides when it ends; it watches no signals itself.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
