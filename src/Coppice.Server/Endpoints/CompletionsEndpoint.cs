using System.Text.Json;
using Coppice.Inference;

namespace Coppice.Server;

/// <summary><c>POST /v1/completions</c>: texts continued.</summary>
internal static class CompletionsEndpoint
{
    // What OpenAI's interface gives to those who ask for no number.
    private const int DefaultTokens = 16;
    private const int MostPrompts = 64;

    /// <summary>Answers a request.</summary>
    /// <param name="request">The request.</param>
    public static async Task AnswerAsync(ApiRequest request)
    {
        var (parameters, version) = (request.Parameters, request.Model.Version);
        var engine = version.Engine;
        var prompts = Prompts(parameters, engine);
        var maxTokens = (int)(parameters.Whole("max_tokens", 1, request.Options.MaxTokens) ?? Math.Min(DefaultTokens, request.Options.MaxTokens));
        var logProbabilities = (int?)parameters.Whole("logprobs", 0, GenerationOptions.MostLogProbabilities);
        var generation = GenerationParameters.Read(parameters, version.Defaults, maxTokens, logProbabilities, stopStrings: []);
        parameters.Refuse("echo", value => value.ValueKind == JsonValueKind.False);
        parameters.Refuse("best_of", value => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var best) && best == generation.Choices);
        parameters.Refuse("suffix", value => value.ValueKind == JsonValueKind.String && value.ValueEquals(""));
        parameters.RefuseOthers();
        var format = new CompletionFormat(request.ModelName, engine.Tokenizer, prompts.Count * generation.Choices);
        await Generation.AnswerAsync(request.Context, engine, request.Adapter, prompts, generation, format, request.Cancellation).ConfigureAwait(false);
    }

    /// <summary>A text, tokens, or a list of either.</summary>
    private static IReadOnlyList<int[]> Prompts(JsonParameters parameters, InferenceEngine engine)
    {
        const string Name = "prompt";
        if (parameters.Find(Name) is not { } value) return [engine.Tokenize("")];
        return [.. TokenInputs.Read(Name, value, MostPrompts, engine.Tokenize)];
    }
}
