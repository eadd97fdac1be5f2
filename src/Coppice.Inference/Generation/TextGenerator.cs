using System.Runtime.InteropServices;
using System.Text;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tokenizers;

namespace Coppice.Inference;

/// <summary>
/// Continues texts: the prompt in one pass, then a token at a time with cached keys and values.
/// </summary>
/// <remarks>
/// <para>A prompt begins with the tokenizer's begin-of-text token where there is one, as documents do in training. An empty prompt for a tokenizer
/// without one begins with the token of a newline, or, where a newline is not one token, with token 0; either is not part of the text.</para>
/// <para>A text may become longer than the model's context. When the context is full, its last half is read again as a text of its own and generation
/// goes on from there; so is the end of a prompt that is longer than the context.</para>
/// <para>Not thread-safe; one generation at a time.</para>
/// </remarks>
public sealed class TextGenerator : IDisposable
{
    private readonly LanguageModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly DecodingContext _context;

    /// <summary>A generator.</summary>
    /// <param name="model">The model; it must outlive the generator.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <exception cref="CoppiceException">The tokenizer has tokens that the model doesn't know.</exception>
    public TextGenerator(LanguageModel model, Tokenizer tokenizer)
    {
        if (tokenizer.VocabularySize > model.Configuration.VocabularySize)
            throw new CoppiceException($"The tokenizer has {tokenizer.VocabularySize} tokens, the model {model.Configuration.VocabularySize}: they don't belong together.");
        (_model, _tokenizer) = (model, tokenizer);
        _context = new DecodingContext(model);
    }

    /// <summary>Continues a text.</summary>
    /// <param name="prompt">The text; special tokens written in it are plain text.</param>
    /// <param name="options">How.</param>
    /// <param name="onText">
    /// Receives the text as it becomes certain, never half a character or a part of a stop string; put together, the pieces are the result's text.
    /// </param>
    /// <param name="cancellationToken">Ends it between two tokens.</param>
    /// <exception cref="CoppiceException">An option is outside its range, or the model's numbers are not finite.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public GenerationResult Generate(string prompt, GenerationOptions options, Action<string>? onText = null, CancellationToken cancellationToken = default)
    {
        options.Check();
        var promptTokens = Encode(prompt);
        var decoder = new ContinuationDecoder(_tokenizer, promptTokens);
        var filter = new StopStringFilter(options.StopStrings);
        var sampler = new TokenSampler(options);
        var text = new StringBuilder();
        var tokens = new List<int>();
        bool ended;
        cancellationToken.ThrowIfCancellationRequested();
        _context.Clear();
        var logits = _context.Append(promptTokens);
        while (true)
        {
            // A model may have rows for tokens that the tokenizer lacks: sizes are rounded up.
            var token = sampler.Next(logits[.._tokenizer.VocabularySize], tokens.Count);
            ended = EndsText(token);
            if (ended) break;
            tokens.Add(token);
            Write(filter.Add(decoder.Add(token)));
            if (filter.Stopped || tokens.Count == options.MaxTokens) break;
            cancellationToken.ThrowIfCancellationRequested();
            logits = _context.Append([token]);
        }

        Write(filter.Add(decoder.Finish()));
        Write(filter.Finish());
        return new GenerationResult(text.ToString(), tokens, promptTokens.Length, ended || filter.Stopped ? FinishReason.Stop : FinishReason.Length);

        void Write(string piece)
        {
            if (piece.Length == 0) return;
            text.Append(piece);
            onText?.Invoke(piece);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _context.Dispose();

    /// <summary>A begin-of-text token ends a text too: it opens another one.</summary>
    private bool EndsText(int token) => token == _tokenizer.EndOfText || token == _tokenizer.BeginOfText || token == _model.Configuration.EndOfText;

    private ReadOnlySpan<int> Encode(string prompt)
    {
        var tokens = new List<int>();
        if (_tokenizer.BeginOfText is { } begin) tokens.Add(begin);
        _tokenizer.Encode(prompt, tokens);
        if (tokens.Count > 0) return CollectionsMarshal.AsSpan(tokens);
        _tokenizer.Encode("\n", tokens);
        return tokens.Count == 1 ? CollectionsMarshal.AsSpan(tokens) : new[] { 0 };
    }
}
