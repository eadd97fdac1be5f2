namespace Coppice.Adapters;

/// <summary>Guesses from a head's numbers, and what is right, in the form that metrics take.</summary>
public static class TaskGuesses
{
    /// <summary>The class with the highest number, of each row; of equal ones the first.</summary>
    /// <param name="scores">Of <see cref="TaskEvaluator.Scores"/>, for heads of classes.</param>
    public static IReadOnlyList<int> Classes(IReadOnlyList<float[][]> scores) => [.. scores.SelectMany(rows => rows).Select(row => Largest(row))];

    /// <summary>The classes that are right, of each row.</summary>
    /// <param name="examples">The examples of the scores.</param>
    public static IReadOnlyList<int> RightClasses(IReadOnlyList<TaskExample> examples) =>
        [.. examples.SelectMany(example => example.Documents).SelectMany(document => document.Targets.Where((_, place) => document.Weights[place] > 0))];

    /// <summary>The answer with the highest number, of each question.</summary>
    /// <param name="scores">Of <see cref="TaskEvaluator.Scores"/>, for questions with answers to choose from.</param>
    public static IReadOnlyList<int> Choices(IReadOnlyList<float[][]> scores) => [.. scores.Select(rows => Largest([.. rows.Select(row => row[0])]))];

    /// <summary>The number of each document.</summary>
    /// <param name="scores">Of <see cref="TaskEvaluator.Scores"/>, for a regression.</param>
    public static IReadOnlyList<float> Numbers(IReadOnlyList<float[][]> scores) => [.. scores.SelectMany(rows => rows).Select(row => row[0])];

    /// <summary>The numbers that are right.</summary>
    /// <param name="examples">The examples of the scores.</param>
    public static IReadOnlyList<float> RightNumbers(IReadOnlyList<TaskExample> examples) => [.. RightClasses(examples).Select(NumberTarget.Number)];

    /// <summary>The labels of each sentence's words.</summary>
    /// <param name="scores">Of <see cref="TaskEvaluator.Scores"/>, for classes of words.</param>
    /// <param name="labels">The labels.</param>
    public static IReadOnlyList<IReadOnlyList<string>> Labels(IReadOnlyList<float[][]> scores, LabelSet labels) =>
        [.. scores.Select(rows => rows.Select(row => labels.Names[Largest(row)]).ToList())];

    /// <summary>The labels that are right, of each sentence's words.</summary>
    /// <param name="examples">The examples of the scores.</param>
    /// <param name="labels">The labels.</param>
    public static IReadOnlyList<IReadOnlyList<string>> RightLabels(IReadOnlyList<TaskExample> examples, LabelSet labels) =>
        [.. examples.Select(example => RightClasses([example]).Select(label => labels.Names[label]).ToList())];

    private static int Largest(float[] numbers)
    {
        var best = 0;
        for (var i = 1; i < numbers.Length; i++)
        {
            if (numbers[i] > numbers[best]) best = i;
        }

        return best;
    }
}
