using System.Net.Http.Json;
using System.Text.Json;
using Coppice.Inference;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Server.Tests;

/// <summary>A server with a tiny model of random weights that never ends a text of itself, and a client of it.</summary>
internal sealed class ServedTinyModel : IAsyncDisposable
{
    public const string Name = "tiny";

    private ServedTinyModel(TemporaryFolder folder, InferenceServer server)
    {
        (Folder, Server) = (folder, server);
        Client = new HttpClient { BaseAddress = server.Address };
    }

    public TemporaryFolder Folder { get; }

    public InferenceServer Server { get; }

    public HttpClient Client { get; }

    public string Directory => Folder.At(Name);

    public static async Task<ServedTinyModel> StartAsync(Func<ServerOptions, ServerOptions>? change = null, Func<TemporaryFolder, ServerOptions, ServerOptions>? changeWithFolder = null, int positions = 512)
    {
        var folder = new TemporaryFolder();
        Save(folder.At(Name), positions: positions);
        var options = new ServerOptions { Models = [folder.At(Name)], Port = 0, Threads = 1, WatchInterval = TimeSpan.FromMilliseconds(50) };
        options = change?.Invoke(options) ?? options;
        options = changeWithFolder?.Invoke(folder, options) ?? options;
        return new ServedTinyModel(folder, await InferenceServer.StartAsync(options));
    }

    /// <summary>Writes a model directory.</summary>
    public static void Save(string directory, ulong seed = 1, int positions = 512, string? parent = null, string architecture = "llama")
    {
        var tokenizer = CharacterTrainer.Train([new string([.. Enumerable.Range(' ', 95).Select(code => (char)code), '\n'])]);
        using var backend = Backends.Create(1);
        using var model = TinyModels.Create(TinyModels.Configuration(architecture, tokenizer.VocabularySize, positions) with { EndOfText = null }, backend, seed: seed);
        ModelDirectory.Save(directory, model);
        tokenizer.Save(Path.Combine(directory, Tokenizer.FileName));
        if (parent is null) return;
        new Provenance
        {
            Software = "test", Recipe = "", Tokenizer = tokenizer.Fingerprint, Sources = [], Metrics = new Dictionary<string, double>(),
            Parent = new ProvenanceParent("../parent", parent),
        }.Save(directory);
    }

    /// <summary>What the model of a directory writes without a server.</summary>
    public static GenerationResult Expected(string directory, string prompt, GenerationOptions options, Quantization quantization = Quantization.None)
    {
        using var backend = Backends.Create(1);
        using var model = ModelDirectory.Load(directory, backend, quantization);
        using var generator = new TextGenerator(model, Tokenizer.Load(directory));
        return generator.Generate(prompt, options);
    }

    public Task<HttpResponseMessage> PostAsync(string path, object body) => Client.PostAsync(new Uri(path, UriKind.Relative), JsonContent.Create(body));

    public async Task<JsonElement> JsonAsync(string path, object body)
    {
        using var response = await PostAsync(path, body);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

    /// <summary>The objects of a stream; the last event must say that it is whole.</summary>
    public async Task<List<JsonElement>> EventsAsync(string path, object body)
    {
        using var response = await PostAsync(path, body);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        var events = (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.All(events, text => Assert.StartsWith("data: ", text, StringComparison.Ordinal));
        Assert.Equal("data: [DONE]", events[^1]);
        return [.. events[..^1].Select(text => JsonSerializer.Deserialize<JsonElement>(text["data: ".Length..]))];
    }

    /// <summary>A number of <c>/metrics</c>.</summary>
    public async Task<double> MetricAsync(string name)
    {
        var page = await Client.GetStringAsync(new Uri("metrics", UriKind.Relative));
        var line = page.Split('\n').Single(line => line.StartsWith(name, StringComparison.Ordinal));
        return double.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Waits until something is so; fails when it is not after a time in which it must be.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (var i = 0; i < 3000; i++)
        {
            if (await condition()) return;
            await Task.Delay(20);
        }

        Assert.Fail("It never came to be so.");
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        Folder.Dispose();
    }
}
