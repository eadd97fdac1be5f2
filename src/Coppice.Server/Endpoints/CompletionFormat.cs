using Coppice.Inference;
using Coppice.Tokenizers;

namespace Coppice.Server;

/// <summary>Answers of <c>/v1/completions</c>.</summary>
/// <param name="model">The model's name.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="texts">How many texts there are.</param>
internal sealed class CompletionFormat(string model, Tokenizer tokenizer, int texts) : IAnswerFormat
{
    private readonly string _id = $"cmpl-{Guid.NewGuid():N}";
    private readonly long _created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    // Where the next reported token of each text begins.
    private readonly int[] _offsets = new int[texts];

    /// <inheritdoc/>
    public object Whole(IReadOnlyList<GenerationResult> results, object usage) => new
    {
        id = _id, @object = "text_completion", created = _created, model,
        choices = results.Select((result, index) => Choice(index, result.Text, result.LogProbabilities, result.FinishReason)).ToArray(),
        usage,
    };

    /// <inheritdoc/>
    public object? First(int choice) => null;

    /// <inheritdoc/>
    public object Piece(int choice, GeneratedPiece piece) => Chunk(Choice(choice, piece.Text, piece.LogProbabilities, null));

    /// <inheritdoc/>
    public object Last(int choice, FinishReason reason) => Chunk(Choice(choice, "", [], reason));

    /// <inheritdoc/>
    public object Usage(object usage) => new { id = _id, @object = "text_completion", created = _created, model, choices = Array.Empty<object>(), usage };

    private object Chunk(object choice) => new { id = _id, @object = "text_completion", created = _created, model, choices = new[] { choice } };

    private object Choice(int index, string text, IReadOnlyList<TokenLogProbabilities> probabilities, FinishReason? reason) => new
    {
        index, text, logprobs = probabilities.Count == 0 ? null : LogProbabilities(index, probabilities), finish_reason = FinishReasons.Name(reason),
    };

    private object LogProbabilities(int index, IReadOnlyList<TokenLogProbabilities> probabilities)
    {
        var tokens = probabilities.Select(probable => Text(probable.Token)).ToArray();
        var offsets = new int[tokens.Length];
        for (var i = 0; i < tokens.Length; i++)
        {
            offsets[i] = _offsets[index];
            _offsets[index] += tokens[i].Length;
        }

        return new
        {
            tokens,
            token_logprobs = probabilities.Select(probable => probable.LogProbability).ToArray(),
            // Of several tokens that look alike (parts of a character), the most probable.
            top_logprobs = probabilities.Select(probable => probable.Top.GroupBy(top => Text(top.Token)).ToDictionary(group => group.Key, group => group.First().LogProbability)).ToArray(),
            text_offset = offsets,
        };
    }

    private string Text(int token) => tokenizer.Decode([token], skipSpecialTokens: false);
}
