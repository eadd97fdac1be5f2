using System.Diagnostics;
using System.Threading.Channels;

namespace Coppice.Inference;

/// <summary>A piece of a text that is being generated.</summary>
/// <param name="Text">Whole characters; empty where a token is reported whose text is not certain yet.</param>
/// <param name="LogProbabilities">The tokens since the piece before, where their probabilities were asked for.</param>
public readonly record struct GeneratedPiece(string Text, IReadOnlyList<TokenLogProbabilities> LogProbabilities);

/// <summary>A text that an engine generates: its pieces as they come, and the whole at the end.</summary>
public sealed class GenerationStream : IAsyncEnumerable<GeneratedPiece>, IEngineRequest
{
    // As many pieces as tokens were asked for, at the most: a reader who is slow holds up nobody.
    private readonly Channel<GeneratedPiece> _pieces = Channel.CreateUnbounded<GeneratedPiece>(new UnboundedChannelOptions { SingleWriter = true });
    private readonly TaskCompletionSource<GenerationResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Continuation _text;
    private readonly CancellationToken _cancellation;
    private int _reported;

    internal GenerationStream(int[] prompt, string? variant, Continuation text, CancellationToken cancellation) => (Prompt, Variant, _text, _cancellation) = (prompt, variant, text, cancellation);

    /// <summary>Tokens of the prompt.</summary>
    public int PromptTokens => Prompt.Length;

    /// <summary>Those of them whose keys and values were there from another text; known once the text has begun.</summary>
    public int SharedPromptTokens { get; internal set; }

    /// <summary>The finished text. Cancelled where the request was, and failed where something did.</summary>
    public Task<GenerationResult> Completion => _completion.Task;

    internal int[] Prompt { get; }

    /// <summary>Which variant of the model writes it; null for the model alone.</summary>
    internal string? Variant { get; }

    /// <summary>The number of the last pass that it was part of, or before which it was taken.</summary>
    internal long LastPass { get; set; }

    /// <summary>Where its keys and values are.</summary>
    internal int Slot { get; set; }

    /// <summary>Whether its first token was drawn.</summary>
    internal bool HasBegun { get; set; }

    internal TimeSpan Age => Stopwatch.GetElapsedTime(_start);

    internal IReadOnlyList<int> Drawn => _text.Tokens;

    internal GenerationResult? Result => _text.Result;

    /// <inheritdoc/>
    public IAsyncEnumerator<GeneratedPiece> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        _pieces.Reader.ReadAllAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);

    /// <summary>Draws the next token and hands its text on.</summary>
    internal void Next(Span<float> logits) => Report(_text.Next(logits));

    /// <summary>Ends the text because there is no room for more.</summary>
    internal void EndForLength() => Report(_text.End(FinishReason.Length));

    internal void Complete()
    {
        _pieces.Writer.TryComplete();
        _completion.TrySetResult(_text.Result!);
    }

    CancellationToken IEngineRequest.Cancellation => _cancellation;

    bool IEngineRequest.NeedsSlot => true;

    void IEngineRequest.Fail(Exception error)
    {
        _pieces.Writer.TryComplete(error);
        if (error is OperationCanceledException cancelled) _completion.TrySetCanceled(cancelled.CancellationToken);
        else _completion.TrySetException(error);
        // Whoever only reads the pieces has seen it; it must not come back as an error that nobody looked at.
        _ = _completion.Task.Exception;
    }

    private void Report(string text)
    {
        var probabilities = _text.LogProbabilities.Count > _reported ? _text.LogProbabilities.Skip(_reported).ToArray() : [];
        _reported += probabilities.Length;
        if (text.Length > 0 || probabilities.Length > 0) _pieces.Writer.TryWrite(new GeneratedPiece(text, probabilities));
    }
}
