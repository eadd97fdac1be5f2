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
    private readonly TextBoundaries _boundaries;
    private readonly Tokenizer _tokenizer;
    private readonly DecodingContext _context;

    /// <summary>A generator.</summary>
    /// <param name="model">The model; it must outlive the generator.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <exception cref="CoppiceException">The tokenizer has tokens that the model doesn't know.</exception>
    public TextGenerator(LanguageModel model, Tokenizer tokenizer)
    {
        _boundaries = new TextBoundaries(model, tokenizer);
        _tokenizer = tokenizer;
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
    public GenerationResult Generate(string prompt, GenerationOptions options, Action<string>? onText = null, CancellationToken cancellationToken = default) =>
        Generate(TextBoundaries.Begin(_tokenizer, prompt), options, onText, cancellationToken);

    /// <summary>Continues a prompt whose tokens are known, such as a conversation's.</summary>
    /// <param name="promptTokens">Its tokens, at least one; none is added.</param>
    /// <param name="options">How.</param>
    /// <param name="onText">As above.</param>
    /// <param name="cancellationToken">Ends it between two tokens.</param>
    /// <exception cref="CoppiceException">There is no token, an option is outside its range, or the model's numbers are not finite.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public GenerationResult Generate(int[] promptTokens, GenerationOptions options, Action<string>? onText = null, CancellationToken cancellationToken = default)
    {
        if (promptTokens.Length == 0) throw CoppiceException.Usage("a prompt without a token has no continuation");
        options.Check(_tokenizer.VocabularySize);
        var continuation = new Continuation(_boundaries, _tokenizer, promptTokens, options);
        cancellationToken.ThrowIfCancellationRequested();
        _context.Clear();
        var logits = _context.Append(promptTokens);
        while (true)
        {
            var piece = continuation.Next(logits);
            if (piece.Length > 0) onText?.Invoke(piece);
            if (continuation.Result is { } result) return result;
            cancellationToken.ThrowIfCancellationRequested();
            logits = _context.Append([continuation.Tokens[^1]]);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _context.Dispose();
}
