using System.Text.Json;
using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Inference;

/// <summary>
/// What a model's authors say about how to generate with it: <c>generation_config.json</c>. What a request or the command line says goes before it. Keys
/// beyond those here are not read.
/// </summary>
public sealed record GenerationDefaults
{
    /// <summary>The file's name.</summary>
    public const string FileName = "generation_config.json";

    private const string EndKey = "eos_token_id";

    /// <summary>The tokens that end a text (<c>eos_token_id</c>, one or a list); where the file names none, those of <c>config.json</c>.</summary>
    public IReadOnlyList<int> EndTokens { get; private init; } = [];

    /// <summary>Whether tokens are drawn (<c>do_sample</c>); where not, the most probable is taken each time. Null where the file doesn't say.</summary>
    public bool? Samples { get; private init; }

    /// <summary><c>temperature</c>.</summary>
    public double? Temperature { get; private init; }

    /// <summary><c>top_k</c>.</summary>
    public int? TopK { get; private init; }

    /// <summary><c>top_p</c>.</summary>
    public double? TopP { get; private init; }

    /// <summary><c>min_p</c>.</summary>
    public double? MinP { get; private init; }

    /// <summary><c>repetition_penalty</c>.</summary>
    public double? RepetitionPenalty { get; private init; }

    /// <summary><c>max_new_tokens</c>.</summary>
    public int? MaxTokens { get; private init; }

    /// <summary>Reads the file of a model directory; nothing is said where there is none.</summary>
    /// <param name="directory">The model directory.</param>
    /// <exception cref="CoppiceException">The file can't be read, or a value is none that is possible.</exception>
    public static GenerationDefaults Load(string directory)
    {
        using var file = Open(Path.Combine(directory, FileName));
        using var configuration = Open(Path.Combine(directory, ModelDirectory.ConfigurationFile));
        var ends = Tokens(file) is { Count: > 0 } own ? own : Tokens(configuration);
        if (file is null) return new GenerationDefaults { EndTokens = ends };
        return new GenerationDefaults
        {
            EndTokens = ends,
            Samples = file.Find("do_sample") is { } samples ? samples.ValueKind == JsonValueKind.True : null,
            Temperature = file.Number("temperature", 0, 1000),
            TopK = (int?)file.Whole("top_k", 0),
            // 0 would leave no token; some files have it for "all".
            TopP = file.Number("top_p", 0, 1) is { } share ? share == 0 ? 1 : share : null,
            MinP = file.Number("min_p", 0, 1),
            RepetitionPenalty = file.Number("repetition_penalty", 0.01, 100),
            MaxTokens = (int?)file.Whole("max_new_tokens", 1),
        };
    }

    /// <summary>Options with what the file says in place of their values.</summary>
    /// <param name="options">What counts where the file doesn't say.</param>
    public GenerationOptions Apply(GenerationOptions options) => options with
    {
        EndTokens = [.. options.EndTokens.Union(EndTokens)],
        Temperature = Samples == false ? 0 : Temperature ?? options.Temperature,
        TopK = TopK ?? options.TopK,
        TopP = TopP ?? options.TopP,
        MinP = MinP ?? options.MinP,
        RepetitionPenalty = RepetitionPenalty ?? options.RepetitionPenalty,
        MaxTokens = MaxTokens ?? options.MaxTokens,
    };

    private static IReadOnlyList<int> Tokens(JsonFile? file)
    {
        if (file?.Find(EndKey) is not { } value) return [];
        return [.. (value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToList() : [value]).Select(token =>
            token.ValueKind == JsonValueKind.Number && token.TryGetInt32(out var id) && id >= 0 ? id : throw file.Error(EndKey, "a token id or a list of them is expected"))];
    }

    private static JsonFile? Open(string path)
    {
        try
        {
            if (!File.Exists(path)) return null;
            var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.ValueKind == JsonValueKind.Object ? new JsonFile(path, document) : throw new CoppiceException($"{path}: a JSON object is expected");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{path}: can't be read: {error.Message}", inner: error);
        }
        catch (JsonException error)
        {
            throw new CoppiceException($"{path}: is not JSON: {error.Message}", inner: error);
        }
    }

    private sealed class JsonFile(string path, JsonDocument document) : IDisposable
    {
        public JsonElement? Find(string key) => document.RootElement.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

        public double? Number(string key, double least, double most)
        {
            if (Find(key) is not { } value) return null;
            return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= least && number <= most
                ? number
                : throw Error(key, FormattableString.Invariant($"a number from {least} to {most} is expected"));
        }

        public long? Whole(string key, int least)
        {
            if (Find(key) is not { } value) return null;
            return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= least
                ? number
                : throw Error(key, FormattableString.Invariant($"a whole number from {least} on is expected"));
        }

        public CoppiceException Error(string key, string expected) => new($"{path}: {key}: {expected}");

        public void Dispose() => document.Dispose();
    }
}
