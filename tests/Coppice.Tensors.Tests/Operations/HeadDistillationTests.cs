namespace Coppice.Tensors.Tests.Operations;

/// <summary>The divergence with the heads is that of the heads' logits, and what its definition says of it.</summary>
public class HeadDistillationTests
{
    private const int Rows = 5;
    private const int Hidden = 4;
    private const int TeacherHidden = 3;
    private static readonly int[] Some = [3, 0, 4];
    private static readonly int[] SomeOfTeacher = [0, 2, 1];
    private static readonly float[] SomeWeights = [1, 0.25f, 3];
    private static readonly int[] All = [0, 1, 2, 3, 4];
    private static readonly float[] Ones = [1, 1, 1, 1, 1];

    [Theory]
    [InlineData(6, 1)]
    [InlineData(6, 2.5f)]
    [InlineData(8, 2.5f)]
    public void Gradients_agree_with_differences(int classes, float temperature) => GradientCheck.Run(
        (s, x) =>
        {
            var (teacher, teacherHead) = Teacher(s.Tape);
            return s.Tape.HeadDistillation(x[0], x[1], teacher, teacherHead, new DistillationPairs(Some, SomeOfTeacher, SomeWeights), temperature, 0.7f);
        },
        [new Shape(Rows, Hidden), new Shape(classes, Hidden)], isObjective: true);

    [Theory]
    [InlineData(6)]
    [InlineData(8)]
    public void Gradients_with_biases_agree_with_differences(int classes) => GradientCheck.Run(
        (s, x) =>
        {
            var (teacher, teacherHead) = Teacher(s.Tape);
            var teacherBias = s.Tape.Constant(new Shape(6), [0.5f, -1, 0.25f, 0, 1, -0.5f]);
            return s.Tape.HeadDistillation(
                x[0], x[1], teacher, teacherHead, new DistillationPairs(Some, SomeOfTeacher, SomeWeights), 1.5f, 0.7f, x[2], teacherBias);
        },
        [new Shape(Rows, Hidden), new Shape(classes, Hidden), new Shape(classes)], isObjective: true);

    [Theory]
    [MemberData(nameof(Machines.Levels), MemberType = typeof(Machines))]
    public void Heads_over_many_classes_give_the_loss_and_the_gradients_of_their_logits(KernelLevel level)
    {
        // 2^23 logits at a time, of both: two chunks of these, the second of which counts thrice.
        const int Classes = 60_001, Many = 80, Half = Many / 2;
        using var scope = new Scope(level, 1);
        var tape = scope.Tape;
        int[] rows = [.. Enumerable.Range(0, Many)];
        var (xs, head) = (Normals(1, Many * Hidden), Normals(2, Classes * Hidden));
        var (teacher, teacherHead) = (tape.Constant(new Shape(Many, TeacherHidden), Normals(3, Many * TeacherHidden)), tape.Constant(new Shape(Classes, TeacherHidden), Normals(4, Classes * TeacherHidden)));

        var (x, w) = (tape.Variable(new Shape(Many, Hidden), xs), tape.Variable(new Shape(Classes, Hidden), head));
        var (logits, taught) = (tape.Linear(x, w), tape.Linear(teacher, teacherHead));
        var expected = tape.Add(
            tape.KullbackLeibler(tape.SliceRows(logits, 0, Half), tape.SliceRows(taught, 0, Half), 1.5f, 1f / Many),
            tape.KullbackLeibler(tape.SliceRows(logits, Half, Half), tape.SliceRows(taught, Half, Half), 1.5f, 3f / Many));
        tape.Backward(expected);
        var (loss, dx, dw) = (expected.Item, x.GradientToArray(), w.GradientToArray());
        var plainPeak = tape.Arena.PeakBytes;
        tape.Reset();
        tape.Arena.ResetPeak();

        (teacher, teacherHead) = (tape.Constant(new Shape(Many, TeacherHidden), Normals(3, Many * TeacherHidden)), tape.Constant(new Shape(Classes, TeacherHidden), Normals(4, Classes * TeacherHidden)));
        (x, w) = (tape.Variable(new Shape(Many, Hidden), xs), tape.Variable(new Shape(Classes, Hidden), head));
        var actual = tape.HeadDistillation(x, w, teacher, teacherHead, new DistillationPairs(rows, rows, [.. rows.Select(row => row < Half ? 1f : 3f)]), 1.5f, 1f / Many);
        tape.Backward(actual);
        Assert.Equal(loss, actual.Item, loss * 1e-6);
        Close.Relative(dx, x.GradientToArray(), 5e-6, "gradient of the hidden states");
        Close.Relative(dw, w.GradientToArray(), 5e-6, "gradient of the head");
        Assert.True(tape.Arena.PeakBytes < plainPeak / 3, $"{tape.Arena.PeakBytes} bytes with the heads, {plainPeak} without");
    }

    [Theory]
    [MemberData(nameof(Machines.Levels), MemberType = typeof(Machines))]
    public void It_is_the_soft_cross_entropy_less_the_entropy_of_the_teacher(KernelLevel level)
    {
        using var scope = new Scope(level, 1);
        var tape = scope.Tape;
        var (x, w) = Student(tape, 6);
        var (teacher, teacherHead) = Teacher(tape);
        var (p, logP) = (tape.Softmax(tape.Linear(teacher, teacherHead)).ToArray(), tape.LogSoftmax(tape.Linear(teacher, teacherHead)).ToArray());
        var logQ = tape.LogSoftmax(tape.Linear(x, w)).ToArray();
        double crossEntropy = 0, entropy = 0;
        for (var i = 0; i < SomeWeights.Length; i++)
        {
            for (var c = 0; c < 6; c++)
            {
                var (at, of) = (Some[i] * 6 + c, SomeOfTeacher[i] * 6 + c);
                crossEntropy -= (double)SomeWeights[i] * p[of] * logQ[at];
                entropy -= (double)SomeWeights[i] * p[of] * logP[of];
            }
        }

        var loss = tape.HeadDistillation(x, w, teacher, teacherHead, new DistillationPairs(Some, SomeOfTeacher, SomeWeights), 1, 0.5f);
        Assert.Equal(0.5 * (crossEntropy - entropy), loss.Item, 1e-5);
    }

    [Fact]
    public void Its_gradient_is_that_of_the_cross_entropy_with_labels_of_the_teacher_in_expectation()
    {
        using var scope = new Scope(Backends.Supported[^1], 1);
        var tape = scope.Tape;
        var (teacher, teacherHead) = Teacher(tape);
        var p = tape.Softmax(tape.Linear(teacher, teacherHead)).ToArray()[..6];
        var x = Normals(1, Hidden);
        var w = tape.Variable(new Shape(6, Hidden), Normals(2, 6 * Hidden));
        // The same place once with each label, each as often as the teacher expects it.
        var copies = tape.Variable(new Shape(6, Hidden), [.. Enumerable.Repeat(x, 6).SelectMany(row => row)]);
        tape.Backward(tape.HeadCrossEntropy(copies, w, tape.Integers([0, 1, 2, 3, 4, 5]), tape.Constant(new Shape(6), p), new CrossEntropyOptions(1)));
        var expected = w.GradientToArray();
        tape.Reset();

        (teacher, teacherHead) = Teacher(tape);
        w = tape.Variable(new Shape(6, Hidden), Normals(2, 6 * Hidden));
        tape.Backward(tape.HeadDistillation(tape.Variable(new Shape(1, Hidden), x), w, teacher, teacherHead, new DistillationPairs([0], [0], [1]), 1, 1));
        Close.Relative(expected, w.GradientToArray(), 1e-5, "gradient of the head");
    }

    [Theory]
    [MemberData(nameof(Machines.Levels), MemberType = typeof(Machines))]
    public void A_student_that_is_its_teacher_has_no_loss_and_no_gradient(KernelLevel level)
    {
        using var scope = new Scope(level, 1);
        var tape = scope.Tape;
        var (x, w) = Student(tape, 6);
        var (same, sameHead) = (tape.Constant(x.Shape, x.ToArray()), tape.Constant(w.Shape, w.ToArray()));
        var loss = tape.HeadDistillation(x, w, same, sameHead, new DistillationPairs(All, All, Ones), 2, 1);
        tape.Backward(loss);
        Assert.InRange(loss.Item, -1e-6, 1e-6);
        Assert.All(x.GradientToArray().Concat(w.GradientToArray()), value => Assert.InRange(value, -1e-6f, 1e-6f));
    }

    [Fact]
    public void Rows_that_are_not_listed_get_no_gradient_and_without_any_there_is_no_loss()
    {
        using var scope = new Scope(Backends.Supported[^1], 1);
        var tape = scope.Tape;
        var (x, w) = Student(tape, 6);
        var (teacher, teacherHead) = Teacher(tape);
        tape.Backward(tape.HeadDistillation(x, w, teacher, teacherHead, new DistillationPairs(Some, SomeOfTeacher, SomeWeights), 1, 1));
        var dx = x.GradientToArray();
        for (var row = 0; row < Rows; row++) Assert.Equal(Some.Contains(row), dx.AsSpan(row * Hidden, Hidden).ContainsAnyExcept(0f));
        tape.Reset();

        (x, w) = Student(tape, 6);
        (teacher, teacherHead) = Teacher(tape);
        var none = tape.HeadDistillation(x, w, teacher, teacherHead, new DistillationPairs([], [], []), 1, 1);
        Assert.Equal(0, none.Item);
        Assert.False(none.RequiresGradient);
    }

    [Fact]
    public void Classes_that_the_teacher_lacks_change_nothing_and_get_no_gradient()
    {
        using var scope = new Scope(Backends.Supported[^1], 1);
        var tape = scope.Tape;
        (float Loss, float[] Dx, float[] Dw) Run(int classes)
        {
            var (x, w) = Student(tape, classes);
            var (teacher, teacherHead) = Teacher(tape);
            var loss = tape.HeadDistillation(x, w, teacher, teacherHead, new DistillationPairs(Some, SomeOfTeacher, SomeWeights), 1, 1);
            tape.Backward(loss);
            var result = (loss.Item, x.GradientToArray(), w.GradientToArray());
            tape.Reset();
            return result;
        }

        var (old, grown) = (Run(6), Run(9));
        Assert.Equal(old.Loss, grown.Loss);
        Assert.Equal(old.Dx, grown.Dx);
        Assert.Equal([.. old.Dw, .. new float[3 * Hidden]], grown.Dw);
    }

    [Fact]
    public void It_refuses_to_be_weighed_afterwards_and_rows_that_are_not_there()
    {
        using var scope = new Scope(Backends.Supported[^1], 1);
        var tape = scope.Tape;
        var (x, w) = Student(tape, 6);
        var (teacher, teacherHead) = Teacher(tape);
        var loss = tape.Scale(tape.HeadDistillation(x, w, teacher, teacherHead, new DistillationPairs(Some, SomeOfTeacher, SomeWeights), 1, 1), 0.5f);
        Assert.Contains("scale", Assert.Throws<InvalidOperationException>(() => tape.Backward(loss)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => tape.HeadDistillation(x, w, teacher, teacherHead, new DistillationPairs([5], [0], [1]), 1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => tape.HeadDistillation(x, w, teacher, teacherHead, new DistillationPairs([0], [-1], [1]), 1, 1));
        Assert.Throws<ArgumentException>(() => tape.HeadDistillation(x, w, teacher, teacherHead, new DistillationPairs([0], [0, 1], [1]), 1, 1));
        Assert.Throws<ArgumentException>(() => tape.HeadDistillation(x, teacherHead, teacher, w, new DistillationPairs([0], [0], [1]), 1, 1));
    }

    [Fact]
    public void The_memory_of_it_and_a_cross_entropy_is_planned_to_the_byte()
    {
        static long Peak(Backend backend)
        {
            using var tape = new Tape(backend);
            var (x, w) = Student(tape, 6);
            var (teacher, teacherHead) = Teacher(tape);
            var divergence = tape.HeadDistillation(x, w, teacher, teacherHead, new DistillationPairs(Some, SomeOfTeacher, SomeWeights), 1, 1);
            tape.Backward(tape.Add(tape.HeadCrossEntropy(x, w, tape.Integers(All), tape.Constant(new Shape(Rows), Ones), new CrossEntropyOptions(1)), divergence));
            return tape.Arena.PeakBytes;
        }

        using var real = Backends.Create(1);
        using var planned = new PlanningBackend();
        Assert.Equal(Peak(real), Peak(planned));
    }

    private static (Tensor X, Tensor Head) Student(Tape tape, int classes) =>
        (tape.Variable(new Shape(Rows, Hidden), Normals(1, Rows * Hidden)), tape.Variable(new Shape(classes, Hidden), Normals(2, classes * Hidden)));

    private static (Tensor X, Tensor Head) Teacher(Tape tape) =>
        (tape.Constant(new Shape(3, TeacherHidden), Normals(3, 3 * TeacherHidden)), tape.Constant(new Shape(6, TeacherHidden), Normals(4, 6 * TeacherHidden)));

    private static float[] Normals(ulong stream, int count)
    {
        var random = new Philox(11, stream);
        return [.. Enumerable.Range(0, count).Select(i => random.Normal((ulong)i))];
    }
}
