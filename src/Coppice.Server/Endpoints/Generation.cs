using Coppice.Inference;
using Microsoft.AspNetCore.Http;

namespace Coppice.Server;

/// <summary>Has texts generated, and sends them: whole, or as they come.</summary>
internal static class Generation
{
    private const int MostTexts = 64;

    /// <summary>Answers a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="engine">Generates.</param>
    /// <param name="adapter">The adapter on the engine's model that continues them; null for the model alone.</param>
    /// <param name="prompts">The prompts' tokens.</param>
    /// <param name="parameters">How they are continued.</param>
    /// <param name="format">How they are answered.</param>
    /// <param name="cancellation">Ends it early.</param>
    public static async Task AnswerAsync(
        HttpContext context, InferenceEngine engine, string? adapter, IReadOnlyList<int[]> prompts, GenerationParameters parameters, IAnswerFormat format, CancellationToken cancellation)
    {
        if (prompts.Count * parameters.Choices > MostTexts) throw new ApiException(400, $"{prompts.Count} prompts with {parameters.Choices} texts each are more than {MostTexts} texts", "n", "invalid_value");
        // Whatever goes wrong with one, or with the client, nobody waits for the others any more.
        using var together = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            var texts = new List<GenerationStream>();
            foreach (var prompt in prompts)
            {
                for (var choice = 0; choice < parameters.Choices; choice++)
                    texts.Add(engine.Generate(prompt, parameters.Options with { Seed = unchecked(parameters.Options.Seed + (ulong)choice) }, adapter, together.Token));
            }

            if (parameters.Stream) await StreamAsync(context, texts, parameters, format, cancellation).ConfigureAwait(false);
            else await context.Response.WriteAsJsonAsync(format.Whole(await Task.WhenAll(texts.Select(text => text.Completion)).ConfigureAwait(false), Usage(texts, parameters)), ApiJson.Options, cancellation).ConfigureAwait(false);
        }
        finally
        {
            await together.CancelAsync().ConfigureAwait(false);
        }
    }

    private static async Task StreamAsync(HttpContext context, List<GenerationStream> texts, GenerationParameters parameters, IAnswerFormat format, CancellationToken cancellation)
    {
        using var events = new EventStream(context.Response);
        await events.StartAsync(cancellation).ConfigureAwait(false);
        try
        {
            await Task.WhenAll(texts.Select(SendAsync)).ConfigureAwait(false);
            if (parameters.IncludeUsage) await events.SendAsync(format.Usage(Usage(texts, parameters)), cancellation).ConfigureAwait(false);
            await events.FinishAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception error) when (!context.RequestAborted.IsCancellationRequested)
        {
            // The status was sent long ago: the error is one more event, and without the last one the stream is not whole.
            await events.SendAsync(ApiErrors.Body(ApiErrors.Translate(error)), context.RequestAborted).ConfigureAwait(false);
        }

        async Task SendAsync(GenerationStream text, int choice)
        {
            if (format.First(choice) is { } first) await events.SendAsync(first, cancellation).ConfigureAwait(false);
            await foreach (var piece in text.WithCancellation(cancellation).ConfigureAwait(false)) await events.SendAsync(format.Piece(choice, piece), cancellation).ConfigureAwait(false);
            await events.SendAsync(format.Last(choice, (await text.Completion.ConfigureAwait(false)).FinishReason), cancellation).ConfigureAwait(false);
        }
    }

    private static object Usage(List<GenerationStream> texts, GenerationParameters parameters)
    {
        // A prompt counts once, however many texts go on from it.
        var prompt = texts.Where((_, i) => i % parameters.Choices == 0).Sum(text => text.PromptTokens);
        var generated = texts.Sum(text => text.Completion.Result.Tokens.Count);
        return new
        {
            prompt_tokens = prompt, completion_tokens = generated, total_tokens = prompt + generated,
            prompt_tokens_details = new { cached_tokens = texts.Where((_, i) => i % parameters.Choices == 0).Sum(text => text.SharedPromptTokens) },
        };
    }
}
