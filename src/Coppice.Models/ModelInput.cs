using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>
/// The tokens of one pass through a model: a flat run of tokens with document boundaries and positions, or the continuation of a sequence whose
/// earlier keys and values are cached. One object serves every step.
/// </summary>
public sealed class ModelInput
{
    private readonly LanguageModel _model;
    private IntTensor? _tokens;
    private IntTensor? _positions;

    /// <summary>An input for a model.</summary>
    /// <param name="model">The model; its vocabulary and longest position are checked.</param>
    public ModelInput(LanguageModel model) => _model = model;

    /// <summary>Number of tokens.</summary>
    public int Count { get; private set; }

    /// <summary>Whether dropout applies.</summary>
    public bool Training { get; private set; }

    /// <summary>Token ids.</summary>
    public IntTensor Tokens => _tokens ?? throw new InvalidOperationException("The input was not set.");

    /// <summary>Position of each token in its document.</summary>
    public IntTensor Positions => _positions ?? throw new InvalidOperationException("The input was not set.");

    /// <summary>The largest position.</summary>
    public int LastPosition { get; private set; }

    /// <summary>Which tokens attend to which.</summary>
    public AttentionLayout Layout { get; private set; }

    /// <summary>The cache that is continued, or null.</summary>
    public KeyValueCache? Cache { get; private set; }

    /// <summary>Sets a packed batch.</summary>
    /// <param name="tape">Holds the integers until its reset.</param>
    /// <param name="tokens">Token ids.</param>
    /// <param name="positions">Position of each token in its document.</param>
    /// <param name="cumulativeLengths">Documents + 1 cumulative lengths, from 0 to the number of tokens.</param>
    /// <param name="training">Whether dropout applies.</param>
    /// <exception cref="CoppiceException">A token or a position is outside what the model has.</exception>
    public void Set(Tape tape, ReadOnlySpan<int> tokens, ReadOnlySpan<int> positions, ReadOnlySpan<int> cumulativeLengths, bool training)
    {
        if (positions.Length != tokens.Length || cumulativeLengths[^1] != tokens.Length)
            throw new ArgumentException($"{tokens.Length} tokens, {positions.Length} positions, documents up to {cumulativeLengths[^1]}.");
        CheckTokens(tokens);
        LastPosition = 0;
        foreach (var position in positions)
        {
            if (position < 0) throw new ArgumentOutOfRangeException(nameof(positions));
            LastPosition = Math.Max(LastPosition, position);
        }

        CheckPosition(LastPosition);
        (Count, Training, Cache) = (tokens.Length, training, null);
        _tokens = tape.Integers(tokens);
        _positions = tape.Integers(positions);
        Layout = AttentionLayout.Packed(tape, cumulativeLengths);
    }

    /// <summary>Sets the next tokens of a sequence. The pass writes their keys and values to the cache; advance it afterwards.</summary>
    /// <param name="tape">Holds the integers until its reset.</param>
    /// <param name="tokens">Token ids.</param>
    /// <param name="cache">Holds the keys and values of the tokens before.</param>
    /// <exception cref="CoppiceException">A token is outside the vocabulary, or the sequence too long.</exception>
    public void Set(Tape tape, ReadOnlySpan<int> tokens, KeyValueCache cache)
    {
        CheckTokens(tokens);
        LastPosition = cache.Length + tokens.Length - 1;
        CheckPosition(LastPosition);
        if (LastPosition >= cache.Capacity) throw new ArgumentException($"The cache has room for {cache.Capacity} tokens.");
        Span<int> positions = tokens.Length <= 256 ? stackalloc int[tokens.Length] : new int[tokens.Length];
        for (var i = 0; i < positions.Length; i++) positions[i] = cache.Length + i;
        (Count, Training, Cache) = (tokens.Length, false, cache);
        _tokens = tape.Integers(tokens);
        _positions = tape.Integers(positions);
        // Spans on the stack: a collection expression here would be an array, for every token of a generation.
        ReadOnlySpan<int> queryOffsets = stackalloc int[] { 0, tokens.Length };
        ReadOnlySpan<int> keyLength = stackalloc int[] { cache.Length + tokens.Length };
        Layout = new AttentionLayout(1, tape.Integers(queryOffsets), tape.Integers(queryOffsets[..1]), tape.Integers(keyLength));
    }

    /// <summary>Targets in the backend's memory, checked against the vocabulary as tokens are.</summary>
    /// <param name="tape">Holds the integers until its reset.</param>
    /// <param name="targets">Token ids.</param>
    /// <exception cref="CoppiceException">A target is outside the vocabulary.</exception>
    public IntTensor Targets(Tape tape, ReadOnlySpan<int> targets)
    {
        CheckTokens(targets);
        return tape.Integers(targets);
    }

    private void CheckTokens(ReadOnlySpan<int> tokens)
    {
        foreach (var token in tokens)
        {
            if ((uint)token >= (uint)_model.Configuration.VocabularySize)
                throw new CoppiceException($"Token {token} is outside the model's vocabulary of {_model.Configuration.VocabularySize}: model and tokenizer don't belong together.");
        }
    }

    private void CheckPosition(int position)
    {
        if (position >= _model.Configuration.MaxPositions)
            throw new CoppiceException($"The model takes at most {_model.Configuration.MaxPositions} tokens at a time, and this is token {position + 1}: cut the text into shorter pieces.");
    }
}
