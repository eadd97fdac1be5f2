using System.Text;
using Coppice.Tokenizers;

namespace Coppice.Inference;

/// <summary>A text that is being continued: draws its tokens, makes text of them, and knows when it has ended. What the model computes comes from outside.</summary>
internal sealed class Continuation
{
    private readonly GenerationOptions _options;
    private readonly TextBoundaries _boundaries;
    private readonly int _vocabularySize;
    private readonly int _promptTokens;
    private readonly TokenSampler _sampler;
    private readonly ContinuationDecoder _decoder;
    private readonly StopStringFilter _filter;
    private readonly StringBuilder _text = new();
    private readonly List<int> _tokens = [];
    private readonly List<TokenLogProbabilities> _logProbabilities = [];

    /// <summary>A text that has its prompt and no token more.</summary>
    /// <param name="boundaries">What ends a text.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="prompt">The prompt's tokens.</param>
    /// <param name="options">How it is continued; checked.</param>
    public Continuation(TextBoundaries boundaries, Tokenizer tokenizer, ReadOnlySpan<int> prompt, GenerationOptions options)
    {
        (_boundaries, _options, _vocabularySize, _promptTokens) = (boundaries, options, tokenizer.VocabularySize, prompt.Length);
        _sampler = new TokenSampler(options, prompt);
        _decoder = new ContinuationDecoder(tokenizer, prompt);
        _filter = new StopStringFilter(options.StopStrings);
    }

    /// <summary>The generated tokens without the one that ended the text.</summary>
    public IReadOnlyList<int> Tokens => _tokens;

    /// <summary>How probable each of them was, where that was asked for.</summary>
    public IReadOnlyList<TokenLogProbabilities> LogProbabilities => _logProbabilities;

    /// <summary>The finished text; null while it goes on.</summary>
    public GenerationResult? Result { get; private set; }

    /// <summary>Draws the next token.</summary>
    /// <param name="logits">[at least the tokenizer's vocabulary]: what the model expects; changed.</param>
    /// <returns>The text that is now certain; together the pieces are the result's text.</returns>
    public string Next(Span<float> logits)
    {
        // A model may have rows for tokens that the tokenizer lacks: sizes are rounded up.
        var token = _sampler.Next(logits[.._vocabularySize], _tokens.Count);
        if (_boundaries.Ends(token) || _options.EndTokens.Contains(token)) return End(FinishReason.Stop);
        _tokens.Add(token);
        if (_sampler.LogProbabilities is { } probable) _logProbabilities.Add(probable);
        var piece = _filter.Add(_decoder.Add(token));
        _text.Append(piece);
        return _filter.Stopped || _tokens.Count == _options.MaxTokens ? piece + End(FinishReason.Length) : piece;
    }

    /// <summary>Ends the text.</summary>
    /// <param name="reason">Why, unless a stop string is complete.</param>
    /// <returns>The text that was held back.</returns>
    public string End(FinishReason reason)
    {
        var rest = _filter.Add(_decoder.Finish());
        rest += _filter.Finish();
        _text.Append(rest);
        Result = new GenerationResult(_text.ToString(), _tokens, _promptTokens, _filter.Stopped ? FinishReason.Stop : reason) { LogProbabilities = _logProbabilities };
        return rest;
    }
}
