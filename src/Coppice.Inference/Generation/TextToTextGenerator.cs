using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tokenizers;

namespace Coppice.Inference;

/// <summary>
/// Writes texts with an encoder-decoder: the prompt is read whole, then what fits it is written a token at a time. Sentinels in a prompt (<c>&lt;extra_id_0&gt;</c>
/// and so on) are gaps, and what comes out is the prompt with the gaps filled; of a prompt without gaps it is what the model writes.
/// </summary>
/// <remarks>Not thread-safe; one generation at a time.</remarks>
public sealed class TextToTextGenerator : IDisposable
{
    private readonly T5Configuration _configuration;
    private readonly TextBoundaries _boundaries;
    private readonly Tokenizer _tokenizer;
    private readonly ConstraintCache _constraints;
    private readonly TargetContext _context;
    private readonly IReadOnlyList<int> _sentinels;

    /// <summary>A generator.</summary>
    /// <param name="model">An encoder-decoder; it must outlive the generator.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <exception cref="CoppiceException">The model is none, or the tokenizer has tokens that it doesn't know.</exception>
    public TextToTextGenerator(LanguageModel model, Tokenizer tokenizer)
    {
        if (model is not T5Model t5) throw CoppiceException.Usage($"a {model.Configuration.ModelType} model does not write one text for another");
        (_configuration, _tokenizer, _sentinels) = ((T5Configuration)model.Configuration, tokenizer, Sentinels.Of(tokenizer));
        _boundaries = new TextBoundaries(model, tokenizer);
        if (_configuration.DecoderStartToken >= tokenizer.VocabularySize) throw new CoppiceException($"the decoder starts from token {_configuration.DecoderStartToken}, which the tokenizer doesn't have: model and tokenizer don't belong together");
        _constraints = new ConstraintCache(tokenizer, _boundaries);
        _context = new TargetContext(t5);
    }

    /// <summary>Writes a text for a prompt.</summary>
    /// <param name="prompt">The text that is read. Special tokens written in it are such tokens: a gap could not be said otherwise.</param>
    /// <param name="options">How.</param>
    /// <param name="onText">Receives the text as it becomes certain, or, where the prompt has gaps, when all of it is there.</param>
    /// <param name="cancellationToken">Ends it between two tokens.</param>
    /// <returns>The text, and the tokens that were written: with gaps, those of the spans with their sentinels.</returns>
    /// <exception cref="CoppiceException">An option is outside its range or not for gaps, the constraint can't be kept to, or the model's numbers are not finite.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public GenerationResult Generate(string prompt, GenerationOptions options, Action<string>? onText = null, CancellationToken cancellationToken = default)
    {
        options.Check(_tokenizer.VocabularySize);
        List<int> source = [.. _tokenizer.EncodeWithSpecialTokens(prompt, addSpecialTokens: false)];
        var hasGaps = source.Any(_sentinels.Contains);
        // Both look at the text alone, and gaps are told apart by tokens that are none of it.
        if (hasGaps && (options.Constraint is not null || options.StopStrings.Count > 0)) throw CoppiceException.Usage("a prompt with gaps (<extra_id_0>) can have neither stop strings nor a constraint");
        if (_configuration.EndOfText is { } end && (source.Count == 0 || source[^1] != end)) source.Add(end);
        var result = Write(source, options, hasGaps ? null : onText, cancellationToken) with { PromptTokens = source.Count };
        if (!hasGaps) return result;
        result = result with { Text = Fill(source, result.Tokens) };
        onText?.Invoke(result.Text);
        return result;
    }

    /// <inheritdoc/>
    public void Dispose() => _context.Dispose();

    private GenerationResult Write(List<int> source, GenerationOptions options, Action<string>? onText, CancellationToken cancellationToken)
    {
        var next = _configuration.DecoderStartToken;
        var continuation = new Continuation(_boundaries, _tokenizer, [next], options, _constraints.Begin(options));
        cancellationToken.ThrowIfCancellationRequested();
        _context.Read([.. source]);
        while (true)
        {
            var piece = continuation.Next(_context.Append(next));
            if (piece.Length > 0) onText?.Invoke(piece);
            if (continuation.Result is { } result) return result;
            cancellationToken.ThrowIfCancellationRequested();
            next = continuation.Tokens[^1];
        }
    }

    /// <summary>The source with the spans in the places of their sentinels, as text. A gap for which nothing was written is left empty.</summary>
    private string Fill(List<int> source, IReadOnlyList<int> written)
    {
        var spans = new Dictionary<int, List<int>>();
        List<int>? span = null;
        foreach (var token in written)
        {
            if (!_sentinels.Contains(token)) span?.Add(token);
            // Of a gap that is filled twice, the first counts.
            else span = spans.TryAdd(token, []) ? spans[token] : null;
        }

        int[] filled = [.. source.SelectMany(token => _sentinels.Contains(token) ? spans.GetValueOrDefault(token) ?? [] : new List<int> { token })];
        return _tokenizer.Decode(filled);
    }
}
