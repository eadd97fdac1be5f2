namespace Coppice.Corpus.Tests;

public sealed class PackedBatchTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(7)]
    [InlineData(100)]
    public void Documents_are_cut_into_fragments_with_positions_of_their_own(int longest)
    {
        int[] lengths = [7, 1, 5, 12, 3];
        var batch = new PackedBatch();
        var expected = new PackedBatch();
        // Twice: the second time the arrays have held a longer list of fragments.
        for (var round = 0; round < 2; round++)
        {
            batch.Clear();
            expected.Clear();
            var next = 0;
            foreach (var length in lengths)
            {
                int[] tokens = [.. Enumerable.Range(next, length)], targets = [.. tokens.Select(token => token + 1)];
                float[] weights = [.. tokens.Select(token => token % 3 == 0 ? 0f : 1)];
                batch.Add(tokens, targets, weights, source: next);
                for (var i = 0; i < length; i += longest)
                {
                    var part = i..Math.Min(length, i + longest);
                    expected.Add(tokens[part], targets[part], weights[part], source: next);
                }

                next += length;
            }

            batch.Cut(longest);
            Assert.Equal((expected.Count, expected.DocumentCount, expected.CountedTokens), (batch.Count, batch.DocumentCount, batch.CountedTokens));
            Assert.Equal(expected.CumulativeLengths[..(expected.DocumentCount + 1)], batch.CumulativeLengths[..(batch.DocumentCount + 1)]);
            Assert.Equal(expected.Positions[..28], batch.Positions[..28]);
            Assert.Equal(expected.Tokens[..28], batch.Tokens[..28]);
            Assert.Equal(expected.Targets[..28], batch.Targets[..28]);
            Assert.Equal(expected.Weights[..28], batch.Weights[..28]);
            Assert.Equal(expected.Sources[..28], batch.Sources[..28]);
        }
    }

    [Fact]
    public void Pairs_are_not_cut()
    {
        var batch = new PackedBatch();
        batch.Add([1, 2], [2, 3], [1, 1]);
        batch.Add([3], [4], [1]);
        batch.Pair(1);
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Cut(1));
    }
}
