using Coppice.Corpus;
using Coppice.Tensors;
using Coppice.Tokenizers;

namespace Coppice.Continual.Tests.Toy;

/// <summary>
/// Text of a first-order Markov chain: each symbol has four successors of its own. What a model can learn of it is known: no loss on it is
/// below its entropy rate in expectation.
/// </summary>
public sealed class MarkovSource : IDisposable
{
    /// <summary>Symbols of every source.</summary>
    public const int Symbols = 64;

    private const int Successors = 4;
    private readonly int[,] _successors = new int[Symbols, Successors];
    private readonly double[,] _probabilities = new double[Symbols, Successors];

    /// <summary>Draws the chain, and text from it.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="seed">Decides chain and text.</param>
    /// <param name="trainingTokens">Tokens to train on.</param>
    /// <param name="heldOutTokens">Tokens to measure on.</param>
    public MarkovSource(string name, ulong seed, int trainingTokens, int heldOutTokens)
    {
        Name = name;
        var random = new Philox(seed, 0);
        for (var symbol = 0; symbol < Symbols; symbol++)
        {
            // The first four of a shuffle, and how likely each is.
            var order = Enumerable.Range(0, Symbols).OrderBy(other => random.UniformDouble((ulong)((2 * symbol * Symbols) + other))).ToArray();
            var weights = Enumerable.Range(0, Successors).Select(i => 0.15 + random.UniformDouble((ulong)((((2 * symbol) + 1) * Symbols) + i))).ToArray();
            for (var i = 0; i < Successors; i++) (_successors[symbol, i], _probabilities[symbol, i]) = (order[i], weights[i] / weights.Sum());
        }

        EntropyRate = ComputeEntropyRate();
        Training = Store(new Philox(seed, 1), trainingTokens);
        HeldOut = Store(new Philox(seed, 2), heldOutTokens);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Nats of a symbol, given the one before.</summary>
    public double EntropyRate { get; }

    /// <summary>Text to train on: one document.</summary>
    public TokenStore Training { get; }

    /// <summary>Text to measure on: one document.</summary>
    public TokenStore HeldOut { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Training.Dispose();
        HeldOut.Dispose();
    }

    private double ComputeEntropyRate()
    {
        // How often each symbol comes in the long run, by letting the chain run as a distribution.
        var share = Enumerable.Repeat(1.0 / Symbols, Symbols).ToArray();
        for (var round = 0; round < 500; round++)
        {
            var next = new double[Symbols];
            for (var symbol = 0; symbol < Symbols; symbol++)
            {
                for (var i = 0; i < Successors; i++) next[_successors[symbol, i]] += share[symbol] * _probabilities[symbol, i];
            }

            share = next;
        }

        var entropy = 0.0;
        for (var symbol = 0; symbol < Symbols; symbol++)
        {
            for (var i = 0; i < Successors; i++) entropy -= share[symbol] * _probabilities[symbol, i] * Math.Log(_probabilities[symbol, i]);
        }

        return entropy;
    }

    private TokenStore Store(Philox random, int tokens)
    {
        var text = new char[tokens];
        var symbol = 0;
        for (var t = 0; t < tokens; t++)
        {
            var (u, next) = (random.UniformDouble((ulong)t), 0);
            while (next < Successors - 1 && u >= _probabilities[symbol, next]) u -= _probabilities[symbol, next++];
            symbol = _successors[symbol, next];
            text[t] = (char)('0' + symbol);
        }

        return TokenStore.InMemory([new Document(Name, new string(text), Name)], new SymbolTokenizer());
    }

    /// <summary>A character of 64 is a token.</summary>
    private sealed class SymbolTokenizer : ITokenizer
    {
        public int VocabularySize => Symbols;

        public int? BeginOfText => null;

        public int? EndOfText => null;

        public string Fingerprint => "the 64 characters from 0 on";

        public void Encode(ReadOnlySpan<char> text, List<int> ids)
        {
            foreach (var character in text) ids.Add(character - '0');
        }

        public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true) => string.Concat(ids.ToArray().Select(id => (char)('0' + id)));
    }
}
