namespace Coppice.Evaluation;

/// <summary>A person of a synthetic world.</summary>
/// <param name="Id">The number, from 0.</param>
/// <param name="Name">First and last name; nobody else in the world has both.</param>
/// <param name="IsFemale">Whether the pronoun is "she".</param>
/// <param name="Values">The attributes' values, by <see cref="PersonAttribute"/>.</param>
public sealed record Person(int Id, string Name, bool IsFemale, IReadOnlyList<string> Values)
{
    /// <summary>An attribute's value.</summary>
    /// <param name="attribute">The attribute.</param>
    public string this[PersonAttribute attribute] => Values[(int)attribute];
}
