namespace Coppice.Corpus.Tests.Planted;

/// <summary>Chance that comes out the same each time.</summary>
internal sealed class Dice(int seed)
{
    private readonly Random _random = new(seed);

    public int Below(int count) => _random.Next(count);

    public T One<T>(IReadOnlyList<T> of) => of[_random.Next(of.Count)];

    public T[] Shuffled<T>(IEnumerable<T> of)
    {
        T[] shuffled = [.. of];
        _random.Shuffle(shuffled);
        return shuffled;
    }

    public string Signs(string alphabet, int count) => string.Concat(Enumerable.Range(0, count).Select(_ => alphabet[_random.Next(alphabet.Length)]));

    public string Digits(int count) => Signs("0123456789", count);
}
