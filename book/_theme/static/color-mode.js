// Until the reader chooses, follow the system. The theme alone logs an error on a first visit and
// shows a light page before a dark one.
document.documentElement.dataset.mode ||= "auto";
document.documentElement.dataset.theme ||= matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
