using Coppice.Foundation;

namespace Coppice.Foundation.Tests;

public sealed class NearestNameTests
{
    [Theory]
    [InlineData("learning_rat", "learning_rate")]
    [InlineData("setps", "steps")]
    [InlineData("Steps", "steps")]
    [InlineData("zzzzzz", null)]
    public void Finds_the_name_that_was_meant(string typed, string? meant) =>
        Assert.Equal(meant, NearestName.Find(typed, ["steps", "learning_rate", "seed"]));

    [Theory]
    [InlineData("", "abc", 3)]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("ab", "ba", 1)]
    public void Edit_distance(string a, string b, int distance) => Assert.Equal(distance, NearestName.EditDistance(a, b));
}
